"""Tables of geometries in PostgreSQL with PostGIS."""

# ruff: noqa: S608 - names are quoted, numbers are ours, and sql= and where= are the user's own

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from eolearn.core.exceptions import DataError, EOLearnError, MissingExtra, SettingError, StorageError
from eolearn.core.utils.redact import is_secret, redact

from ._secret import Secret

if TYPE_CHECKING:
    import pyproj
    from geopandas import GeoDataFrame
    from sqlalchemy import Connection, Engine

    from ._vector_import import Bounds

_CONNECT_ARGUMENTS = {"connect_timeout": 30, "tcp_user_timeout": 60_000}
"""In seconds and in milliseconds, as libpq has them."""
_LONGEST_STATEMENT = "600s"
_NOT_A_TABLE, _NO_RIGHTS, _CANCELLED = "42P01", "42501", "57014"
"""Error codes of PostgreSQL, appendix A of its manual."""


@dataclass(frozen=True)
class Query:
    """What is asked for: a table, or what a statement in SQL gives."""

    layer: str | None = None
    """A table or a view, with or without its schema."""
    sql: str | None = None
    """A statement that gives rows, in place of a table."""
    columns: tuple[str, ...] | None = None
    """Those that are read beside the geometry, by default all."""
    where: str | None = None
    """A condition in SQL."""
    geom_col: str | None = None
    """The column with the geometry, where there are several."""

    def __post_init__(self) -> None:
        if (self.layer is None) == (self.sql is None):
            raise SettingError(f"Of a database give exactly one of layer= and sql=, got {self.layer=}, {self.sql=}.")


def query_of(options: Mapping[str, Any]) -> Query:
    """Return the query for the options of a task. Raises SettingError (a ValueError) for one that isn't known."""
    known = list(Query.__dataclass_fields__)
    for name in options:
        if name not in known:
            raise SettingError(f"{name!r} is no option of a database.{_nearest(name, known)}")
    columns = options.get("columns")
    return Query(**{**options, "columns": None if columns is None else tuple(columns)})


@dataclass(frozen=True)
class Database:
    """Where a database is, and how it is opened."""

    url: str
    """Without secrets."""
    secrets: Secret | None = None
    """The password, and what of the URL's query is secret, by their names."""
    engine: Engine | None = None
    """Of the user; it can't be sent to worker processes."""

    @classmethod
    def of(cls, path: Any) -> Database | None:
        """Return the database that a URL or an engine of SQLAlchemy stands for, None for all else."""
        if hasattr(path, "connect") and hasattr(path, "url"):
            if path.dialect.name != "postgresql":
                raise SettingError(f"Of databases only PostgreSQL with PostGIS is read, not {path.dialect.name}.")
            return cls(path.url.set(password=None).render_as_string(), engine=path)
        if not isinstance(path, str) or not path.startswith(("postgresql://", "postgresql+", "postgres://")):
            return None
        parts = urlsplit(path)
        if "@" in parts.path + parts.fragment or ("@" in parts.query and "@" not in parts.netloc):
            raise SettingError("The password in the URL of a database has to be quoted: / is %2F, # is %23, ? is %3F.")
        options = parse_qsl(parts.query)
        secrets = {name: value for name, value in options if is_secret(name)}
        user, at, host = parts.netloc.rpartition("@")
        name, _, password = user.partition(":")
        if password:
            secrets["password"] = unquote(password)
        query = urlencode([(name, value) for name, value in options if name not in secrets], safe="/")
        url = parts._replace(netloc=f"{name}{at}{host}", query=query).geturl()
        return cls(url, Secret(secrets, "The password of a database") if secrets else None)

    def __getstate__(self) -> dict[str, Any]:
        if self.engine is not None:
            raise SettingError(
                "An engine of SQLAlchemy can't be sent to other processes: give the URL of the database instead."
            )
        return dict(self.__dict__)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Give a connection that can't change data. What goes wrong is told without secrets."""
        try:
            with self._engine().connect() as opened:
                connection = opened.execution_options(postgresql_readonly=True, no_parameters=True)
                if self.engine is None:
                    connection.exec_driver_sql(f"SET statement_timeout = '{_LONGEST_STATEMENT}'")
                yield connection
        except EOLearnError:
            raise
        except Exception as error:
            if not type(error).__module__.startswith(("sqlalchemy.", "pandas.")):
                raise
            problem = self._told(error)
        else:
            return
        raise problem

    def _engine(self) -> Engine:
        sqlalchemy = _package("sqlalchemy")
        if self.engine is not None:
            return self.engine
        try:
            url = sqlalchemy.make_url(self.url)
        except (sqlalchemy.exc.ArgumentError, ValueError) as error:
            raise SettingError(f"{self.url!r} is not the URL of a database: {error}") from None
        if url.drivername in ("postgresql", "postgres"):
            _package("psycopg")
            url = url.set(drivername="postgresql+psycopg")
        secrets = dict(self.secrets.reveal()) if self.secrets is not None else {}
        url = url.set(password=secrets.pop("password", None)).update_query_dict(secrets)
        engine: Engine = sqlalchemy.create_engine(
            url, poolclass=sqlalchemy.pool.NullPool, hide_parameters=True, connect_args=_CONNECT_ARGUMENTS
        )
        return engine

    def _told(self, error: Exception) -> EOLearnError:
        """Return our error for one of SQLAlchemy."""
        original = getattr(error, "orig", None) or error.__cause__ or error
        text = redact(" ".join(str(getattr(original, "orig", original)).split()))
        if self.secrets is not None:
            text = self.secrets.masked_in(text)
        code = getattr(original, "sqlstate", None)
        if code == _CANCELLED:
            text += f" Ask for less, or give an engine with another statement_timeout than {_LONGEST_STATEMENT}."
        is_setting = str(code).startswith(("42", "22")) and code != _NO_RIGHTS  # syntax, names, values
        return (SettingError if is_setting else StorageError)(f"The database {self.url} says: {text}")


@dataclass(frozen=True)
class DatabaseTable:
    """The rows of a query, over an open connection."""

    connection: Connection
    database: Database
    query: Query

    @property
    def name(self) -> str:
        """The database and the table, for messages."""
        return f"{self.query.layer or 'The query'} in {self.database.url}"

    def crs(self) -> pyproj.CRS:
        """Return the coordinate system of the first geometry."""
        import pyproj

        name = "SELECT coalesce(auth_name || ':' || auth_srid, srtext) FROM spatial_ref_sys"
        known = self._all(f"{name} WHERE srid = {self._srid}")
        return pyproj.CRS.from_user_input(known[0][0] if known else self._srid)

    def read(self, bounds: Bounds | None) -> GeoDataFrame:
        """Return the rows that meet bounds in the coordinate system of the table; the database looks for them."""
        import geopandas

        table = geopandas.read_postgis(
            self.statement(bounds), self.connection, geom_col=self._geometry_column, crs=self.crs()
        )
        return table if "geometry" in table else table.rename_geometry("geometry")

    def statement(self, bounds: Bounds | None) -> str:
        """Return the statement that gives the rows, in a form for which an index on the geometries is used."""
        statement = f"SELECT * FROM ({self._rows}) AS rows"
        if bounds is None:
            return statement
        numbers = ", ".join(repr(float(number)) for number in bounds)
        box = f"ST_MakeEnvelope({numbers}, {self._srid})"
        return f"{statement} WHERE ST_Intersects({_quoted(self._geometry_column)}, {box})"

    @cached_property
    def _srid(self) -> int:
        column = _quoted(self._geometry_column)
        first = f"SELECT ST_SRID({column}) FROM ({self._rows}) AS rows WHERE {column} IS NOT NULL LIMIT 1"
        found = self._all(first)
        if not found or not found[0][0]:
            raise DataError(
                f"{self.name} does not say its coordinate system: it has no geometries, or they have no SRID. Set it "
                "with UpdateGeometrySRID, or with ST_SetSRID in sql=."
            )
        return int(found[0][0])

    @cached_property
    def _rows(self) -> str:
        """Return the statement that gives all rows."""
        query = self.query
        if query.sql is not None:
            rows = query.sql.strip().rstrip(";")
        else:
            rows = f"SELECT * FROM {'.'.join(map(_quoted, str(query.layer).split('.', 1)))}"
        if query.columns is None and query.where is None:
            return rows
        chosen = "*"
        if query.columns is not None:
            chosen = ", ".join(map(_quoted, dict.fromkeys([*query.columns, *self._geometry_columns(rows)])))
        condition = f" WHERE {query.where}" if query.where is not None else ""
        return f"SELECT {chosen} FROM ({rows}) AS rows{condition}"

    @cached_property
    def _geometry_column(self) -> str:
        found = self._geometry_columns(self._rows)
        wanted = self.query.geom_col
        if wanted is None and len(found) == 1:
            return found[0]
        if wanted in found:
            return str(wanted)
        if not found:
            raise DataError(f"{self.name} has no column of geometries.")
        if wanted is None:
            raise SettingError(f"{self.name} has several columns of geometries: set geom_col= to {' or '.join(found)}.")
        raise SettingError(f"{self.name} has no column {wanted!r} of geometries.{_nearest(wanted, found)}")

    def _geometry_columns(self, rows: str) -> list[str]:
        kind = self._all("SELECT 'geometry'::regtype::oid::integer")[0][0]
        try:
            result = self.connection.exec_driver_sql(f"SELECT * FROM ({rows}) AS rows LIMIT 0")
        except Exception as error:
            if getattr(getattr(error, "orig", None), "sqlstate", None) != _NOT_A_TABLE or self.query.layer is None:
                raise
        else:
            return [str(name) for name, code, *_ in result.cursor.description if code == kind]
        self.connection.rollback()
        tables = self._all("SELECT DISTINCT f_table_schema || '.' || f_table_name FROM geometry_columns ORDER BY 1")
        names = [table.removeprefix("public.") for (table,) in tables]
        raise SettingError(f"{self.database.url} has no table {self.query.layer!r}.{_nearest(self.query.layer, names)}")

    def _all(self, statement: str) -> list[Any]:
        return list(self.connection.exec_driver_sql(statement).fetchall())


def _quoted(name: str) -> str:
    """Return an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(f"Reading from PostGIS needs {name}: pip install 'eo-learn-io[postgis]'") from error


def _nearest(name: str, names: list[str]) -> str:
    from ._raster_settings import nearest  # loads rasterio

    return nearest(name, names)
