"""Where the report and the logs of a run go."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import chain, count
from typing import TYPE_CHECKING

from ..exceptions import EORuntimeWarning, warn_user
from ..storage.remote import has_folders

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SEPARATORS = re.compile(r"[/\\\x00-\x1f]")


def report_folder_name(logs_folder: str, start_time: datetime) -> str:
    """Return the path of the folder of a run that began at a certain second."""
    name = start_time.strftime("eoexecution-report-%Y_%m_%d-%H_%M_%S")
    return f"{logs_folder.rstrip('/')}/{name}" if logs_folder else name


def make_report_folder(filesystem: AbstractFileSystem, path: str) -> str:
    """Make the folder, and return its path, which has a number at its end if another run began in the same second.

    An object store has no folders: there nothing is made. If it can't be made there is an EORuntimeWarning.
    """
    for candidate in chain([path], (f"{path}-{number}" for number in count(2))):
        try:
            if has_folders(filesystem, candidate):
                filesystem.makedirs(candidate, exist_ok=False)
            elif filesystem.exists(candidate):
                continue
        except FileExistsError:
            continue
        except Exception as error:  # noqa: BLE001 - filesystems are the user's, and raise what they like
            warn_user(f"The folder for logs {path} can't be made: {error}", EORuntimeWarning)
        return candidate
    raise AssertionError("numbers don't end")


def warn_of_logs_in_memory(path: str) -> None:
    """Warn if worker processes are to write to a path, which stands alone, in memory."""
    if path.startswith("memory://"):
        warn_user(
            "Each process has a memory:// of its own: what worker processes log there is lost. Save logs to a folder, "
            "or use multiprocess=False.",
            EORuntimeWarning,
        )


def log_names(execution_names: Iterable[object]) -> list[str]:
    """Return a file name for the log of each execution: its name, with a number at its end where that is taken.

    What could lead into another folder is replaced by ``_``, and names count as equal whatever the case, as some
    filesystems have it.
    """
    taken: set[str] = set()
    names = []
    for execution_name in execution_names:
        stem = f"eoexecution-{_SEPARATORS.sub('_', str(execution_name))}"
        free = (
            name for name in chain([stem], (f"{stem}-{number}" for number in count(2))) if name.lower() not in taken
        )
        name = next(free)
        taken.add(name.lower())
        names.append(f"{name}.log")
    return names
