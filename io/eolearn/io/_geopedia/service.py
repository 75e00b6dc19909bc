"""Requests to Geopedia: with limits, tried again where that may help, and told without secrets."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from sentinelhub import CRS, BBox, MimeType, SHConfig
from sentinelhub.exceptions import DownloadFailedException
from sentinelhub.geopedia import GeopediaFeatureIterator, GeopediaWmsRequest

from eolearn.core.exceptions import BrokenFile, DataError, EOLearnError, StorageError
from eolearn.core.utils.redact import redact

from .._sentinelhub.client import Client

if TYPE_CHECKING:
    import pyproj
    from geopandas import GeoDataFrame

    from .._vector_import import Bounds

_MOST_ROWS = 1_000_000


class Session:
    """A session without a login, as each request to a table needs one."""

    def __init__(self, config: SHConfig, client: Client):
        answer = client.get_json_dict(f"{config.geopedia_rest_url}/data/v1/session/create?locale=en&sid=")
        self.session_headers = {str(answer["sessionHeaderName"]): str(answer["sessionId"])}


class Rows(GeopediaFeatureIterator):  # type: ignore[misc, unused-ignore]
    """The rows of a table, page by page, all from the same host."""

    def _fetch_features(self) -> list[dict[str, Any]]:
        features = list(super()._fetch_features())
        if self.next and urlsplit(self.next)[:2] != urlsplit(self.url)[:2]:
            raise DataError(f"Geopedia names a next page on another host, which isn't asked: {redact(self.next)}.")
        if len(self.features) + len(features) > _MOST_ROWS:
            raise DataError(f"Table {self.layer} of Geopedia gives more than {_MOST_ROWS} rows: take a smaller box.")
        return features


@dataclass(frozen=True)
class Table:
    """A table of Geopedia: its geometries are in Web Mercator."""

    table: str | int
    config: SHConfig
    options: Mapping[str, Any]
    """For the iterator of the package sentinelhub."""

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"Table {self.table} of Geopedia"

    def crs(self) -> pyproj.CRS:
        """Return the coordinate system."""
        return CRS.POP_WEB.pyproj_crs()

    def read(self, bounds: Bounds | None) -> GeoDataFrame:
        """Return the rows that meet bounds, all without."""
        import geopandas

        client = Client(self.config)
        with telling(self.name):
            options = {**self.options, "gpd_session": self.options["gpd_session"] or Session(self.config, client)}
            box = None if bounds is None else BBox(bounds, CRS.POP_WEB)
            rows = Rows(self.table, bbox=box, config=self.config, **options)
            rows.client = client
            found = list(rows)
            if not found:
                return geopandas.GeoDataFrame(geometry=[], crs=CRS.POP_WEB.pyproj_crs())
            return geopandas.GeoDataFrame.from_features(found, crs=CRS.POP_WEB.pyproj_crs())


def read_image(
    layer: str | int, theme: str, bbox: BBox, size: tuple[int, int], kind: MimeType, config: SHConfig
) -> NDArray[np.uint8]:
    """Return a map as red, green, blue and opacity (height, width, 4). bbox: in Web Mercator. size: width, height."""
    from PIL import Image

    name = f"Layer {layer} of Geopedia"
    with telling(name):
        request = GeopediaWmsRequest(
            layer, theme, bbox, width=size[0], height=size[1], image_format=kind, config=config
        ).download_list[0]
        request.data_type = MimeType.RAW  # palettes are decoded below
        content: bytes = Client(config).download([request])[0]
    try:
        image = Image.open(io.BytesIO(content))
    except (OSError, Image.DecompressionBombError) as error:
        text = redact(content[:300].decode("utf-8", "replace"))
        raise BrokenFile(f"{name} is no image but: {text}") from error
    if image.size != size:
        raise BrokenFile(f"{name} has {image.size} pixels, asked were {size}.")
    try:
        return np.asarray(image.convert("RGBA"))
    except OSError as error:
        raise BrokenFile(f"{name} can't be decoded: {error}") from error


@contextmanager
def telling(name: str) -> Iterator[None]:
    """Raise what goes wrong with a request as a StorageError (an OSError), without secrets of its address."""
    import requests

    try:
        yield
    except (DownloadFailedException, requests.RequestException) as error:
        raise StorageError(f"{name} can't be read: {redact(str(error))}") from None
    except EOLearnError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BrokenFile(f"{name}: Geopedia's answer has another form: {type(error).__name__} {error}.") from error
