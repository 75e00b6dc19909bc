"""The file in the folder of a patch that tells how its features came to be: a list of records, the oldest first.

Each record names the features that it is about: under ``features`` those that are still as it made them, under
``partly`` those of which other saves have changed or added some dates. Under ``after`` are the ids of records about
what it loaded from this very patch; they are kept as long as it is, also if nothing else is left of them.
"""

from __future__ import annotations

import os
import posixpath
import secrets
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..exceptions import BrokenFile, StorageError
from ..types import Feature
from ..utils.fs import get_full_path, local_path, split_all_extensions
from ..utils.redact import redact
from .text import FeatureIOJson
from .transaction import recover
from .writing import FileToWrite, Writable

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

PROVENANCE_FILENAME = "provenance.json"
FORMAT = 1

Record = dict[str, Any]


def read_records(filesystem: AbstractFileSystem, patch_location: str) -> list[Record]:
    """Return the records of a saved patch.

    Raises PathNotFound (a FileNotFoundError) where there is no file, BrokenFile (an OSError and a ValueError) for one
    that is damaged or was written by a newer release.
    """
    path = posixpath.join(patch_location, PROVENANCE_FILENAME)
    content = FeatureIOJson(path, filesystem).load()
    where = get_full_path(filesystem, path)
    records = content.get("records") if isinstance(content, dict) else None
    if not isinstance(records, list) or not all(map(_is_record, records)):
        raise BrokenFile(f"{where} doesn't hold records of how a patch came to be. Delete it to go on without them.")
    if content.get("format") != FORMAT:
        raise BrokenFile(
            f"{where} has the format {content.get('format')!r}, and this release reads format {FORMAT}. Use the "
            "release that wrote it, or delete it to go on without it."
        )
    return records


def _is_record(record: object) -> bool:
    return (
        isinstance(record, dict)
        and isinstance(record.get("id"), str)
        and all(isinstance(record.get(key), list) for key in ("after", "features", "partly"))
    )


@dataclass(frozen=True)
class SavedFeatures:
    """What a save writes."""

    whole: Sequence[Feature]
    partly: Sequence[Feature]
    """Those of which only some dates are written."""
    whole_patch: bool
    """Whether all else in the folder is removed."""

    @classmethod
    def of(cls, chosen: Sequence[Feature], selection: object, whole_patch: bool) -> Self:
        """Tell what is written of the chosen features. selection: the dates, None for all, "append" to add them."""
        if selection is None:
            return cls(chosen, (), whole_patch)
        if isinstance(selection, str) and selection == "append":
            return cls((), [feature for feature in chosen if feature[0].is_temporal()], whole_patch)
        partly = [feature for feature in chosen if feature[0].is_temporal() and feature[0].is_array()]
        return cls([feature for feature in chosen if feature not in partly], partly, whole_patch)


@contextmanager
def changing_records(
    filesystem: AbstractFileSystem,
    patch_location: str,
    stored: Collection[str],
    saved: SavedFeatures,
    record: Mapping[str, Any] | None,
) -> Iterator[tuple[list[Writable], list[str]]]:
    """Give the file to write, if any, and the name of the file to remove, if any.

    stored: the names in the folder of the patch.
    record: tells how the features came to be; without one, what older records say of them doesn't hold any more.

    While the caller writes them, no other process changes the records, if they lie on a local disk.
    """
    if record is None and PROVENANCE_FILENAME not in stored:
        yield [], []
        return
    folder = local_path(filesystem, patch_location)
    if folder is not None:
        with _locked(Path(folder)):
            is_stored = Path(folder, PROVENANCE_FILENAME).exists()
            yield _changed(filesystem, patch_location, is_stored, saved, record)
    else:
        yield _changed(filesystem, patch_location, PROVENANCE_FILENAME in stored, saved, record)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one thread of one process in. The folder is made for this where it is missing."""
    if sys.platform == "win32":  # has no locks of folders
        yield
        return
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise StorageError(f"The patch can't be saved in {folder}: {error}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        recover(folder)
        yield
    finally:
        os.close(descriptor)
        with suppress(OSError):  # it stays, unless nothing was saved in it
            folder.rmdir()


def _changed(
    filesystem: AbstractFileSystem,
    patch_location: str,
    is_stored: bool,
    saved: SavedFeatures,
    record: Mapping[str, Any] | None,
) -> tuple[list[Writable], list[str]]:
    new = {"features": list(map(feature_text, saved.whole)), "partly": list(map(feature_text, saved.partly))}
    old = read_records(filesystem, patch_location) if is_stored and not saved.whole_patch else []
    records = [_after_save(each, **new) for each in old]
    if record is not None:
        loaded = _loaded_from(get_full_path(filesystem, patch_location), record)
        after = [each["id"] for each in old if loaded.intersection(each["features"] + each["partly"])]
        records.append({"id": secrets.token_hex(4), "after": after, **record, **new})
    records = _still_needed(records, 0 if record is None else 1)
    if records and records != old:
        content = {"format": FORMAT, "records": records}
        return [FileToWrite(PROVENANCE_FILENAME, FeatureIOJson, lambda: content)], []
    return [], [PROVENANCE_FILENAME] if old and not records else []


def _loaded_from(folder: str, record: Mapping[str, Any]) -> set[str]:
    """Return the features that a save got from the very patch that it changes."""
    loaded = (loaded["files"] for loaded in record.get("loaded", {}).values() if loaded["folder"] == redact(folder))
    return {split_all_extensions(name)[0] for files in loaded for name in files}


def _still_needed(records: Sequence[Record], new: int) -> list[Record]:
    """Return those that are about some feature, or that others of these came after. new: how many are new."""
    kept: list[Record] = []
    needed: set[str] = set()
    for position, record in enumerate(reversed(records)):
        if position < new or record["features"] or record["partly"] or record["id"] in needed:
            kept.append(record)
            needed |= set(record["after"])
    return kept[::-1]


def feature_text(feature: Feature) -> str:
    """Return a feature as records name it, such as ``data/BANDS``."""
    return f"{feature[0].value}/{feature[1]}"


def _after_save(record: Record, features: Collection[str], partly: Collection[str]) -> Record:
    """Return what a record is still about after a save of features and of parts of others."""
    still_whole = [name for name in record["features"] if name not in features and name not in partly]
    still_partly = [name for name in record["partly"] if name not in features]
    still_partly += [name for name in record["features"] if name in partly]
    return {**record, "features": still_whole, "partly": still_partly}
