"""The ledger: which executions have succeeded, by their fingerprints, so that a later run need not do them again."""

from __future__ import annotations

import json
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..exceptions import BrokenFile, EORuntimeWarning, StorageError, warn_user
from ..utils.fs import get_full_path, local_path

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

FORMAT = 1
NAME = "eoexecution-ledger"
_SECONDS_BETWEEN_WRITES = 0.5
_APPLICATION_ID = 0x656F6C31  # in the header of the SQLite file: "eol1"


class Ledger(ABC):
    """Records of executions by fingerprint, of any number of workflows. It is written by one process, the parent's.

    What is added is written a few times a second, and when the ledger is closed. If that fails there is an
    EORuntimeWarning, and it is tried again with the next.
    """

    def __init__(self, path: str):
        self._path = path
        self._unwritten: dict[str, str] = {}
        self._last_write = time.monotonic()
        self._has_warned = False

    @abstractmethod
    def find(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """Return those of the fingerprints that are known, with their records."""

    @abstractmethod
    def _write(self, records: Mapping[str, str]) -> None:
        """Write records, all of them or none. Raises an OSError if that fails."""

    def add(self, fingerprint: str, record: str) -> None:
        """Keep a record."""
        self._unwritten[fingerprint] = record
        if time.monotonic() - self._last_write > _SECONDS_BETWEEN_WRITES:
            self._write_what_is_left()

    def close(self) -> None:
        """Write what hasn't been written yet, and let go of the file."""
        self._has_warned = False
        self._write_what_is_left()

    def _write_what_is_left(self) -> None:
        try:
            if self._unwritten:
                self._write(self._unwritten)
            self._unwritten = {}
        except OSError as error:
            if not self._has_warned:
                warn_user(
                    f"{len(self._unwritten)} executions that succeeded can't be written to the ledger {self._path}: "
                    f"{error}. Those that are not in it will be done again when the run is resumed.",
                    EORuntimeWarning,
                )
            self._has_warned = True
        self._last_write = time.monotonic()

    def broken(self, why: object) -> BrokenFile:
        """Return the error that says that this is not a ledger that can be read."""
        return BrokenFile(
            f"The ledger {self._path} can't be read: {why}. To do all executions again, move it away or use another "
            "logs_folder."
        )


def _other_format(form: object) -> str:
    return f"it has format {form}, of another version of eo-learn; this one has format {FORMAT}"


class SqliteLedger(Ledger):
    """A ledger in a file on a local disk.

    path: the file, which is made if it isn't there.
    """

    def __init__(self, path: str):
        super().__init__(path)
        with self._errors():
            self._database = sqlite3.connect(path, timeout=60, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._database.close()
                raise

    def _prepare(self) -> None:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")  # another run may be at it too
            (application,) = self._database.execute("PRAGMA application_id").fetchone()
            (form,) = self._database.execute("PRAGMA user_version").fetchone()
            (tables,) = self._database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            if not tables:
                self._database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                self._database.execute(f"PRAGMA user_version = {FORMAT}")
                self._database.execute(
                    "CREATE TABLE done (fingerprint TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID"
                )
            elif application != _APPLICATION_ID:
                raise self.broken("it is a database of another program")
            elif form != FORMAT:
                raise self.broken(_other_format(form))

    def find(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """See :class:`Ledger`."""
        query = "SELECT record FROM done WHERE fingerprint = ?"
        with self._errors():
            rows = ((key, self._database.execute(query, (key,)).fetchone()) for key in fingerprints)
            return {key: row[0] for key, row in rows if row is not None}

    def _write(self, records: Mapping[str, str]) -> None:
        with self._errors(), self._database:
            self._database.executemany("INSERT OR REPLACE INTO done VALUES (?, ?)", records.items())

    def close(self) -> None:
        """See :class:`Ledger`."""
        super().close()
        self._database.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:  # no leave, no space, or locked by another run
            raise StorageError(f"The ledger {self._path} can't be used: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise self.broken(error) from error


class ObjectLedger(Ledger):
    """A ledger of one small file for each execution, for object stores.

    filesystem: where it is.
    folder: where it is in the filesystem.
    """

    def __init__(self, filesystem: AbstractFileSystem, folder: str):
        super().__init__(get_full_path(filesystem, folder))
        self._filesystem = filesystem
        self._folder = folder

    def find(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """See :class:`Ledger`."""
        try:
            names = {path.rpartition("/")[2] for path in self._filesystem.ls(self._folder, detail=False)}
        except FileNotFoundError:
            return {}
        known = [fingerprint for fingerprint in fingerprints if f"{fingerprint}.json" in names]
        found: dict[str, str] = {}
        for start in range(0, len(known), 1000):
            part = known[start : start + 1000]
            contents = self._filesystem.cat([self._file(fingerprint) for fingerprint in part])
            by_name = {path.rpartition("/")[2]: content for path, content in contents.items()}
            found |= {fingerprint: self._record(by_name[f"{fingerprint}.json"]) for fingerprint in part}
        return found

    def _record(self, content: bytes) -> str:
        try:
            entry = json.loads(content)
            form, record = entry["format"], str(entry["record"])
        except (KeyError, TypeError, ValueError) as error:
            raise self.broken(f"{type(error).__name__}: {error}") from error
        if form != FORMAT:
            raise self.broken(_other_format(form))
        return record

    def _write(self, records: Mapping[str, str]) -> None:
        entries = {key: json.dumps({"format": FORMAT, "record": record}) for key, record in records.items()}
        self._filesystem.pipe({self._file(key): entry.encode() for key, entry in entries.items()})

    def _file(self, fingerprint: str) -> str:
        return f"{self._folder}/{fingerprint}.json"


def open_ledger(filesystem: AbstractFileSystem, folder: str) -> Ledger:
    """Open the ledger in a folder, or begin one: on a local disk a SQLite file, elsewhere a folder of small files.

    Raises BrokenFile (an OSError and a ValueError) if there is something else, and StorageError (an OSError) if it
    can't be written.
    """
    path = f"{folder.rstrip('/')}/{NAME}" if folder else NAME
    try:
        filesystem.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder for the ledger {get_full_path(filesystem, folder)} can't be made: {error}."
        ) from error
    local = local_path(filesystem, f"{path}.sqlite")
    return ObjectLedger(filesystem, path) if local is None else SqliteLedger(local)
