"""Collections of xcube geoDB into EOPatches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eolearn.core.exceptions import BrokenFile, DataError, MissingExtra, SettingError, StorageError
from eolearn.core.utils.redact import redact

from .._raster_settings import nearest
from .._secret import Sealed, hide_settings
from .._vector_import import Bounds, VectorImportBaseTask, VectorSource

if TYPE_CHECKING:
    import pyproj
    from geopandas import GeoDataFrame
    from sentinelhub import SHConfig
    from xcube_geodb.core.geodb import GeoDBClient

    from eolearn.core.types import Feature

__all__ = ["GeoDBVectorImportTask"]

_OF_ALL = {"limit", "offset"}
"""Options that hold without a box too."""


class GeoDBVectorImportTask(VectorImportBaseTask):
    """Reads geometries of a collection of xcube geoDB. Needs ``pip install 'eo-learn-io[geodb]'``.

    The service has not been reachable from where this was written, so the task is tested against a server that answers
    as the package xcube_geodb asks. That package reads an answer whole and waits for it without a limit: give rows a
    ``limit``, and executions of ``EOExecutor`` a time-out.

    feature, reproject, clip: as for ``VectorImportTask``.
    geodb_client: ``xcube_geodb.core.geodb.GeoDBClient``, with the credentials. They aren't pickled with the task;
        worker processes on this machine get them.
    geodb_collection, geodb_db: the names of the collection and of its database.
    config: not used, as in 1.x.
    kwargs: for ``GeoDBClient.get_collection_by_bbox``, such as ``where``, ``limit`` and ``comparison_mode``, by default
        "intersects".

    Example:
        >>> client = GeoDBClient(client_id="...", client_secret="...")
        >>> task = GeoDBVectorImportTask((FeatureType.VECTOR_TIMELESS, "LPIS"), client, "lpis_slo", "public")
    """

    def __init__(
        self,
        feature: Feature,
        geodb_client: GeoDBClient,
        geodb_collection: str,
        geodb_db: str,
        reproject: bool = True,
        clip: bool = False,
        config: SHConfig | None = None,  # noqa: ARG002 - of the published signature
        **kwargs: Any,
    ):
        super().__init__(feature, reproject, clip)
        self._client = Sealed(geodb_client, "The credentials of geoDB")
        self.geodb_collection = geodb_collection
        self.geodb_db = geodb_db
        if own := {"collection", "database", "bbox", "bbox_crs"} & kwargs.keys():
            raise SettingError(f"{', '.join(sorted(own))} can't be given: the task says it to the client itself.")
        self.geodb_kwargs = {"comparison_mode": "intersects", **kwargs}
        hide_settings(self, geodb_client=self._client)

    @property
    def geodb_client(self) -> GeoDBClient:
        """The client, with the credentials."""
        client: GeoDBClient = self._client.value
        return client

    @contextmanager
    def _source(self) -> Iterator[VectorSource]:
        yield Collection(self._client, self.geodb_collection, self.geodb_db, self.geodb_kwargs)


@dataclass(frozen=True)
class Collection:
    """A collection of geoDB."""

    sealed: Sealed
    collection: str
    database: str
    options: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"Collection {self.collection!r} of database {self.database!r} in geoDB"

    def crs(self) -> pyproj.CRS:
        """Return the coordinate system."""
        import pyproj

        with self._telling():
            srid = self.sealed.value.get_collection_srid(self.collection, self.database)
        if not isinstance(srid, int | str) or not str(srid).isdigit():
            raise self._missing()
        return pyproj.CRS.from_epsg(int(srid))

    def read(self, bounds: Bounds | None) -> GeoDataFrame:
        """Return the rows that meet bounds, all without."""
        import geopandas

        crs = self.crs()
        place = {"collection": self.collection, "database": self.database}
        with self._telling():
            if bounds is None:
                if unknown := self.options.keys() - _OF_ALL - {"comparison_mode"}:
                    raise SettingError(f"{', '.join(sorted(unknown))}: give a bounding box to use these options.")
                options = {name: self.options[name] for name in _OF_ALL & self.options.keys()}
                table = self.sealed.value.get_collection(**place, **options)
            else:
                srid = crs.to_epsg()
                table = self.sealed.value.get_collection_by_bbox(**place, bbox=bounds, bbox_crs=srid, **self.options)
        if isinstance(table, geopandas.GeoDataFrame) and "geometry" in table:
            return table
        if "Empty Result" in table:
            return geopandas.GeoDataFrame(geometry=[], crs=crs)
        if "Error" in table:  # of a client with raise_it=False
            raise StorageError(f"{self.name} can't be read: {self._shown(table['Error'].iloc[0])}")
        raise DataError(f"{self.name} is a table without geometries.")

    def _missing(self) -> SettingError:
        with self._telling():
            table = self.sealed.value.get_my_collections(self.database)
        names = list(table["collection"]) if "collection" in table else []
        if self.collection in names:
            return SettingError(f"{self.name} does not say its coordinate system.")
        known = nearest(self.collection, names) if names else " The database has none, or they aren't yours."
        return SettingError(f"{self.name} is not there.{known}")

    def _shown(self, text: object) -> str:
        return redact(self.sealed.secrets.masked_in(" ".join(str(text).split())))[:500]

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Raise what goes wrong with the service as a StorageError (an OSError), without credentials."""
        try:
            from xcube_geodb.core.error import GeoDBError
        except ImportError as error:
            raise MissingExtra("geoDB needs xcube_geodb: pip install 'eo-learn-io[geodb]'") from error
        import requests

        try:
            yield
        except SettingError:
            raise
        except requests.JSONDecodeError as error:
            raise BrokenFile(f"{self.name}: geoDB's answer is not JSON: {self._shown(error)}") from None
        except (GeoDBError, requests.RequestException) as error:
            problem = StorageError(f"{self.name} can't be read: {self._shown(error)}")
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise BrokenFile(f"{self.name}: geoDB's answer has another form: {type(error).__name__}.") from error
        else:
            return
        raise problem
