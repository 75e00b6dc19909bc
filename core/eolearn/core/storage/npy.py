"""Arrays in the format of numpy."""

from __future__ import annotations

from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import DataError
from .feature_io import ByteReader, ByteWriter, FeatureIOGZip


class FeatureIONumpy(FeatureIOGZip[NDArray[Any]]):
    """An array in a ``.npy`` file.

    Arrays of Python objects are neither read nor written: numpy stores them as pickles, which can run code when they
    are loaded.
    """

    extension = ".npy"

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
