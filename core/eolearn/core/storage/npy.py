"""Arrays in the format of numpy."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import DataError, IndexOutOfRange, PathNotFound
from ..utils.fs import get_full_path, local_path
from .array_part import ArrayPart, Window, check_dates
from .feature_io import ByteReader, ByteWriter, FeatureIOGZip
from .remote import read_file

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_HEAD_BYTES = 2**12  # hold the header, compressed or not


class FeatureIONumpy(FeatureIOGZip[NDArray[Any]]):
    """An array in a ``.npy`` file.

    Arrays of Python objects are neither read nor written: numpy stores them as pickles, which can run code when they
    are loaded.

    window, bands: the part of the array that is kept: rows and columns, and positions along the last axis. The file is
        read whole.
    timestamps: how many dates it should have; otherwise loading it warns (TemporalDimensionWarning).
    """

    extension = ".npy"

    def __init__(
        self,
        path: str,
        filesystem: AbstractFileSystem,
        *,
        window: Window | None = None,
        bands: Sequence[int] | None = None,
        timestamps: int | None = None,
    ):
        super().__init__(path, filesystem)
        self._part = ArrayPart(window=window, bands=bands)
        self._timestamps = timestamps

    def stored_shape(self) -> tuple[int, ...]:
        """Return the shape of the whole array, of which only the beginning of the file is read."""
        shape: tuple[int, ...] = self._stored_header()[0]
        return shape

    def stored_dtype(self) -> np.dtype[Any]:
        """Return the dtype of the array, of which only the beginning of the file is read."""
        dtype: np.dtype[Any] = self._stored_header()[2]
        return dtype

    def _stored_header(self) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
        try:
            head = self._read_head()
            if self.path.endswith(".gz"):
                head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, _HEAD_BYTES)
            header = io.BytesIO(head)
            read = getattr(np.lib.format, "read_array_header_{}_{}".format(*np.lib.format.read_magic(header)))
            stored: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(header)
        except FileNotFoundError as error:
            raise PathNotFound(f"There is no file {get_full_path(self.filesystem, self.path)}.") from error
        except (ValueError, AttributeError, SyntaxError, TokenError, zlib.error) as error:
            raise self._broken(error) from error
        return stored

    def _read_head(self) -> bytes:
        on_disk = local_path(self.filesystem, self.path)
        if on_disk is None:
            return read_file(self.filesystem, self.path, start=0, end=_HEAD_BYTES)
        with open(on_disk, "rb") as file:
            return file.read(_HEAD_BYTES)

    def _load(self) -> NDArray[Any]:
        array = super()._load()
        check_dates(get_full_path(self.filesystem, self.path), array.shape[0] if array.ndim else 0, self._timestamps)
        try:
            return self._part.cut(array)
        except IndexOutOfRange as error:
            raise IndexOutOfRange(f"{get_full_path(self.filesystem, self.path)}: {error}") from error

    def _read(self, file: ByteReader) -> NDArray[Any]:
        try:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        except ValueError as error:
            if "allow_pickle" in str(error):
                raise self._broken(
                    "it is an array of Python objects, a pickle, which can run code when it is loaded. If you trust "
                    "where it comes from, load it yourself with numpy.load(..., allow_pickle=True), through gzip.open "
                    "if its name ends in .gz, and save it as numbers, as strings of fixed length (dtype='U20') or as "
                    "meta_info"
                ) from None
            raise
        except (SyntaxError, TokenError) as error:  # of a header, which is an expression of Python
            raise self._broken(error) from error
        return array

    @classmethod
    def _write(cls, data: NDArray[Any], file: ByteWriter, path: str) -> None:
        if data.dtype.hasobject:
            raise DataError(
                f"The array for {path} has the dtype {data.dtype}: Python objects could only be saved as a pickle, "
                "which can run code when it is loaded. Convert it with astype to numbers or strings, or use meta_info."
            )
        if data.flags.c_contiguous and data.nbytes and data.dtype.fields is None:  # in one piece, without a copy
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(data))
            file.write(data.reshape(-1).view(np.uint8).data)
        else:
            np.lib.format.write_array(file, data, allow_pickle=False)
