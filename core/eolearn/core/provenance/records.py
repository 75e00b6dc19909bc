"""What is kept of how a saved patch came to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..constants import FeatureType
from ..exceptions import BrokenFile, PathNotFound
from ..storage.provenance_file import PROVENANCE_FILENAME, read_records
from ..types import Feature
from ..utils.fs import as_filesystem, get_base_filesystem_and_path, get_full_path
from .preamble import Preamble

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True)
class ProvenanceNode:
    """A task at its place in the workflow. Settings and arguments are Python source."""

    name: str
    task: str
    """The name of its class in the imports or definitions."""
    settings: Mapping[str, str]
    """What the task was made with; under ``*`` what has to go by its position."""
    inputs: tuple[str, ...]
    """The names of the nodes whose results it got."""
    arguments: Mapping[str, str]


@dataclass(frozen=True)
class ProvenanceRecord:
    """How some of the features came to be."""

    id: str
    after: tuple[str, ...]
    """The ids of older records, of what was loaded from this very patch."""
    saved: datetime
    features: tuple[Feature, ...]
    """Those that are still as this save made them."""
    partly: tuple[Feature, ...]
    """Those of which only some dates are."""
    folder: str
    """The working directory, which relative paths start from."""
    versions: Mapping[str, str]
    imports: Mapping[str, str]
    """Statements, by the names that they bind."""
    placeholders: Mapping[str, Mapping[str, Any]]
    """What could not be kept, by names: what it was, with a fingerprint if it has one and is no secret."""
    definitions: Mapping[str, str]
    """Assignments, functions and classes, by their names."""
    nodes: tuple[ProvenanceNode, ...]
    """Each after its inputs; the last one is what saved."""
    loaded: Mapping[str, Mapping[str, Any]]
    """Of each LoadTask, by the names of their nodes, the folder, and size and time of each file."""

    @property
    def preamble(self) -> Preamble:
        """What the sources of the nodes need."""
        return Preamble(dict(self.imports), {**self.placeholders}, dict(self.definitions))  # type: ignore[dict-item]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Return a record as it lies in the file. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            id=content["id"],
            after=tuple(content["after"]),
            saved=datetime.fromisoformat(content["saved"]),
            features=tuple(map(_feature, content["features"])),
            partly=tuple(map(_feature, content["partly"])),
            nodes=tuple(
                ProvenanceNode(node["name"], node["task"], node["settings"], tuple(node["inputs"]), node["arguments"])
                for node in content["nodes"]
            ),
            **{key: content[key] for key in ("folder", "versions", "imports", "placeholders", "definitions", "loaded")},
        )


@dataclass(frozen=True)
class Provenance:
    """How a saved patch came to be."""

    records: tuple[ProvenanceRecord, ...]
    """The oldest first. Features that no record names were saved without one."""

    def of(self, feature: Feature) -> tuple[ProvenanceRecord, ...]:
        """Return the records about a feature; several if its dates come from several saves."""
        return tuple(record for record in self.records if feature in (*record.features, *record.partly))


def load_provenance(path: str | Path, filesystem: AbstractFileSystem | None = None) -> Provenance:
    """Return what is known of how a saved patch came to be.

    path: the folder of the patch, a path or a URL that fsspec knows; relative to the filesystem where one is given.

    Raises PathNotFound (a FileNotFoundError) for a patch that was saved without, BrokenFile (an OSError and a
    ValueError) for a file that can't be understood.

    Example:
        >>> load_provenance("patches/42").of((FeatureType.DATA, "NDVI"))[0].versions["numpy"]
        '2.1.3'
    """
    folder = str(path)
    if filesystem is None:
        filesystem, folder = get_base_filesystem_and_path(path)
    filesystem = as_filesystem(filesystem)
    where = get_full_path(filesystem, folder)
    try:
        return Provenance(tuple(map(ProvenanceRecord.of, read_records(filesystem, folder))))
    except PathNotFound as error:
        raise PathNotFound(
            f"There is no {PROVENANCE_FILENAME} in {where}: it is there if a patch is saved by "
            "SaveTask(..., provenance=True)."
        ) from error
    except BrokenFile:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BrokenFile(f"{PROVENANCE_FILENAME} in {where} holds something else than records: {error!r}.") from error


def _feature(text: str) -> Feature:
    feature_type, _, name = text.partition("/")
    return FeatureType(feature_type), name
