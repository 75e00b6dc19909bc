"""The ledger: which executions have succeeded, by their fingerprints, so that a later run need not do them again."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..exceptions import StorageError
from ..storage.remote import has_folders
from ..utils.fs import get_full_path, local_path
from .ledger_base import Ledger

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

FORMAT = 1
NAME = "eoexecution-ledger"
_README = b"""Each of the other files tells of an execution of eo-learn that succeeded.
A run with resume=True does not do it again. Remove the folder to do all of them again.
"""
_APPLICATION_ID = 0x656F6C31  # in the header of the SQLite file: "eol1"


def _other_format(form: object) -> str:
    return f"it has format {form}, of another version of eo-learn; this one has format {FORMAT}"


class SqliteLedger(Ledger):
    """A ledger in a file on a local disk.

    path: the file, which is made with its folder if it isn't there.
    """

    def __init__(self, path: str):
        super().__init__(path)
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        except OSError as error:
            raise StorageError(f"The folder for the ledger {path} can't be made: {error}.") from error
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
        try:
            super().close()
        finally:
            self._database.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:  # no leave, no space, or locked by another run
            raise self.unusable(error) from error
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
        with self._errors():
            if has_folders(filesystem, folder):
                filesystem.makedirs(folder, exist_ok=True)
            filesystem.pipe_file(f"{folder}/README.txt", _README)

    def find(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """See :class:`Ledger`."""
        with self._errors():
            self._filesystem.invalidate_cache(self._folder)  # another machine may have written there
            names = {path.rpartition("/")[2] for path in self._filesystem.ls(self._folder, detail=False)}
        known = [fingerprint for fingerprint in fingerprints if f"{fingerprint}.json" in names]
        parts = (known[start : start + 1000] for start in range(0, len(known), 1000))
        return {key: self._record(content) for part in parts for key, content in self._contents(part).items()}

    def _contents(self, fingerprints: list[str]) -> dict[str, bytes]:
        with self._errors():
            contents = self._filesystem.cat([self._file(fingerprint) for fingerprint in fingerprints])
        return {path.rpartition("/")[2].removesuffix(".json"): content for path, content in contents.items()}

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
        with self._errors():
            self._filesystem.pipe({self._file(key): entry.encode() for key, entry in entries.items()})

    def _file(self, fingerprint: str) -> str:
        return f"{self._folder}/{fingerprint}.json"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # object stores raise errors of their own, such as botocore's
            raise self.unusable(error) from error


def open_ledger(filesystem: AbstractFileSystem, folder: str) -> Ledger:
    """Open the ledger in a folder, or begin one: on a local disk a SQLite file, elsewhere a folder of small files.

    Raises BrokenFile (an OSError and a ValueError) if there is something else, and StorageError (an OSError) if it
    can't be written.
    """
    path = f"{folder.rstrip('/')}/{NAME}" if folder else NAME
    local = local_path(filesystem, f"{path}.sqlite")
    return ObjectLedger(filesystem, path) if local is None else SqliteLedger(local)
