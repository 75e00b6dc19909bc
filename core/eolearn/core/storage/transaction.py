"""Saving all of several files, or none of them, whatever happens in between.

New files are staged in a folder of their own inside the target folder. The save is committed when a journal of what
has to move where is renamed into place there. Then the files are moved, what they replace is moved away, and the
staging folder goes. Whoever reads or writes the folder next completes a committed save that was interrupted, and clears
up what dead processes left; the staging of living ones is theirs.

So a process that is killed leaves the old files or the new ones, never a mixture, and processes that save different
files at the same time don't disturb each other. Every move is out of or into the staging folder, whose name is used
once: when two processes complete the same save, or one is late, the second move of a file finds nothing to do. A folder
can't be renamed over another one: that is moved away first. A failure of power is another thing: nothing is flushed to
the disk.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from platform import node
from typing import Self

from ..exceptions import BrokenFile, StorageError

_PREFIX = ".eolearn-save-"
_JOURNAL = "journal.json"

_active: set[str] = set()  # names of the staging folders that this process is filling


class Transaction:
    """The save of several files into a folder, which is made where it is missing.

    Used in a ``with`` statement: when its body ends without :meth:`commit`, nothing has changed.

    Example:
        >>> with Transaction(Path("patch")) as transaction:
        ...     transaction.stage("data/A.npy").write_bytes(content)
        ...     transaction.commit(remove=["data/A.npy.gz"])
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._staging = folder / _new_name()
        self._files: list[str] = []
        self._made: list[Path] = []  # folders that go again if there is no commit

    def __enter__(self) -> Self:
        _active.add(self._staging.name)
        self._make(self._folder)
        self._staging.mkdir(parents=True)
        return self

    def _make(self, folder: Path) -> None:
        self._made[:0] = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)

    def __exit__(self, *_: object) -> None:
        if not (self._staging / _JOURNAL).exists():  # where a committed save met an error, it stays to be completed
            shutil.rmtree(self._staging, ignore_errors=True)
            self._remove_made_folders()
        _active.discard(self._staging.name)

    def _remove_made_folders(self) -> None:
        with contextlib.suppress(OSError):  # what others have put there in the meantime stays
            for path in self._made:
                path.rmdir()

    def stage(self, name: str) -> Path:
        """Return where to write a file or a folder, given its path relative to the folder.

        A folder replaces what there is of that name.
        """
        path = self._staging / name
        path.parent.mkdir(exist_ok=True)
        self._files.append(name)
        return path

    def commit(self, remove: list[str], *, put: list[str] | None = None) -> None:
        """Put the staged files into place, and remove others, given by their paths relative to the folder.

        put: what is put, in this order; by default all that was staged. The files of a staged folder may be put one by
            one, next to those that are there.
        """
        written = self._staging / f"{_JOURNAL}.part"
        names = self._files if put is None else put
        content = {"put": _inside(self._folder, names), "remove": _inside(self._folder, remove)}
        for folder in {(self._folder / name).parent for name in names}:  # afterwards the disk might have no room for it
            self._make(folder)
        written.write_text(json.dumps(content), encoding="utf-8")
        written.replace(self._staging / _JOURNAL)
        self._made = []
        _complete(self._folder, self._staging)


def is_staging(name: str) -> bool:
    """Whether a file or a folder of this name belongs to a save that is not finished."""
    return name.startswith(_PREFIX)


def recover(folder: Path) -> None:
    """Complete committed saves into a folder that were interrupted, and clear up after processes that are dead."""
    if not folder.is_dir():
        return
    staged = [folder / name for name in os.listdir(folder) if is_staging(name)]
    for staging in sorted(staged, key=_time_of_commit):
        is_abandoned = _is_abandoned(staging.name)  # asked first: a living process may commit in between
        if (staging / _JOURNAL).exists():
            _complete(folder, staging)
        elif is_abandoned:
            shutil.rmtree(staging, ignore_errors=True)


def _complete(folder: Path, staging: Path) -> None:
    """Do what is in a journal. Raises StorageError (an OSError) where that has to be done later."""
    try:
        _move_all(folder, staging, *_read_journal(folder, staging))
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(
            f"A save in {folder} can't be completed: {error}. When that is mended, load or save the patch again."
        ) from error
    _discard(staging)


def _move_all(folder: Path, staging: Path, put: list[str], remove: list[str]) -> None:
    for position, name in enumerate(put):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and (staging / name).exists():
            _move_away(target, staging / f"replaced-{position}")
        _move(staging / name, target, staging)
    for position, name in enumerate(remove):
        _move(folder / name, staging / f"removed-{position}", staging)
    (staging / _JOURNAL).unlink(missing_ok=True)


def _discard(staging: Path) -> None:
    """Remove a staging folder that has no journal any more. What is left of it is the next one's to clear up.

    It is renamed first, so that who is late in completing the same save can't move anything into it.
    """
    with contextlib.suppress(OSError):
        staging = staging.rename(staging.with_name(_new_name()))
    shutil.rmtree(staging, ignore_errors=True)


def _new_name() -> str:
    return f"{_PREFIX}{os.getpid()}-{secrets.token_hex(6)}-{_host()}"


def _move_away(folder: Path, target: Path) -> None:
    """Move a folder to where it was not moved before; nobody can do so twice, since it is not empty there."""
    with contextlib.suppress(OSError):
        folder.rmdir()  # succeeds only for an empty folder, which need not be kept
    with contextlib.suppress(OSError):  # another process was faster
        folder.rename(target)


def _move(source: Path, target: Path, staging: Path) -> None:
    try:
        os.replace(source, target)
    except FileNotFoundError:
        if source.exists() and staging.exists():  # otherwise it has been moved already
            raise


def _read_journal(folder: Path, staging: Path) -> tuple[list[str], list[str]]:
    journal = staging / _JOURNAL
    try:
        content = json.loads(journal.read_text(encoding="utf-8"))
        put, remove = map(str, content["put"]), map(str, content["remove"])
    except FileNotFoundError:  # another process has completed the save
        return [], []
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenFile(
            f"{journal}, the journal of an interrupted save, can't be read: {error!r}. Delete the folder that it lies "
            "in to keep the other files as they are."
        ) from error
    return _inside(folder, put), _inside(folder, remove)


def _inside(folder: Path, names: Iterable[str]) -> list[str]:
    """Return the names, all of which must lie in the folder, even when links are followed."""
    names, root = list(names), folder.resolve()
    for name in names:
        if ".." in PurePosixPath(name).parts or not (folder / name).parent.resolve().is_relative_to(root):
            raise StorageError(f"{name!r} lies outside of the folder {folder}, where nothing is moved to or from.")
    return names


def _time_of_commit(staging: Path) -> int:
    try:
        return (staging / _JOURNAL).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _is_abandoned(staging_name: str) -> bool:
    """Whether the process that made a staging folder is certainly dead: only one of this machine can be."""
    import psutil

    pid, _, rest = staging_name.removeprefix(_PREFIX).partition("-")
    if not pid.isdecimal() or rest.partition("-")[2] != _host():
        return False
    return staging_name not in _active if int(pid) == os.getpid() else not psutil.pid_exists(int(pid))


@functools.cache
def _host() -> str:
    """Return what tells apart the places where a process number means a process: machines, and containers on them."""
    namespace = Path("/proc/self/ns/pid")
    return f"{node()}-{namespace.stat().st_ino}" if namespace.exists() else node()
