"""Tasks that save and load patches."""

from __future__ import annotations

import importlib
import posixpath
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..constants import OverwritePermission
from ..eodata import EOPatch
from ..eodata_merge import merge_eopatches
from ..eotask import EOTask
from ..exceptions import EODeprecationWarning, warn_user
from ..utils.fs import as_filesystem, get_filesystem

if TYPE_CHECKING:
    from pathlib import Path

    from fsspec import AbstractFileSystem
    from sentinelhub import SHConfig

    from ..storage.dates import LoadedDates
    from ..storage.saving import SavedDates
    from ..storage.window import WindowSpec
    from ..types import EllipsisType, Feature, FeaturesSpecification


class IOTask(EOTask):
    """The base of tasks that read or write files: a folder, found when it is first needed.

    path: the folder, a path or a URL that fsspec knows; relative to the filesystem where one is given.
    filesystem: an fsspec filesystem; by default one that is rooted at the path.
    create: whether a folder that does not exist is made; otherwise PathNotFound (a FileNotFoundError) is raised.
    config: credentials for object stores, by default those of the environment.
    """

    def __init__(
        self,
        path: str | Path,
        filesystem: AbstractFileSystem | None = None,
        create: bool = False,
        config: SHConfig | None = None,
    ):
        self.path = str(path)
        self.filesystem_path = "/" if filesystem is None else self.path
        self.config = config
        self._create = create
        self._filesystem = None if filesystem is None else as_filesystem(filesystem)

    @property
    def filesystem(self) -> AbstractFileSystem:
        """The filesystem that ``filesystem_path`` is a folder of."""
        if self._filesystem is None:
            self._filesystem = get_filesystem(self.path, create=self._create, config=self.config)
        return self._filesystem

    def _folder_of(self, eopatch_folder: str) -> str:
        return posixpath.join(self.filesystem_path, eopatch_folder.lstrip("/"))


class SaveTask(IOTask):
    """Saves patches, each into a folder of its own; see :meth:`EOPatch.save`.

    path, filesystem, config: where the folders of patches lie; made if there is no such place.
    features: which ones are saved.
    overwrite_permission: what may happen to features that are saved there already.
    save_timestamps: "auto" saves them if all features are, or at least one with a time axis.
    use_zarr: whether arrays are saved as Zarr, of which parts can be read and written.
    temporal_selection: where the dates of a patch are among those of a saved one, "infer" to find them, or "append" to
        add them.
    provenance: whether ``provenance.json`` is saved with the patch, which tells how it came to be: the tasks of the
        workflow that led to it, with their settings and arguments. :func:`eolearn.core.provenance.provenance_script`
        makes a script of it.

    Example:
        >>> SaveTask("patches", features=[FeatureType.DATA])(patch, eopatch_folder="42")
    """

    def __init__(
        self,
        path: str | Path,
        filesystem: AbstractFileSystem | None = None,
        config: SHConfig | None = None,
        features: FeaturesSpecification = ...,
        overwrite_permission: OverwritePermission | str | int = OverwritePermission.ADD_ONLY,
        *,
        save_timestamps: bool | Literal["auto"] = "auto",
        use_zarr: bool = False,
        temporal_selection: SavedDates | None = None,
        provenance: bool = False,
        compress_level: int | None = None,
    ):
        if compress_level is not None:
            warn_user("compress_level is deprecated and has no effect.", EODeprecationWarning)
        super().__init__(path, filesystem=filesystem, create=True, config=config)
        self.get_feature_parser(features)  # refuses what can't be read
        self.features = features
        self.overwrite_permission = OverwritePermission(overwrite_permission)
        self.save_timestamps = save_timestamps
        self.use_zarr = use_zarr
        self.temporal_selection = temporal_selection
        self.provenance = provenance

    def execute(
        self,
        eopatch: EOPatch,
        *,
        eopatch_folder: str = "",
        temporal_selection: SavedDates | EllipsisType | None = ...,
    ) -> EOPatch:
        """Save the patch, and return it.

        eopatch_folder: its folder, within the path of the task.
        temporal_selection: used instead of that of the task, if given.
        """
        from ..eodata_io import save_eopatch

        save_eopatch(
            eopatch,
            self.filesystem,
            self._folder_of(eopatch_folder),
            features=self.features,
            overwrite_permission=self.overwrite_permission,
            save_timestamps=self.save_timestamps,
            use_zarr=self.use_zarr,
            temporal_selection=self.temporal_selection if temporal_selection is ... else temporal_selection,
            provenance=self._provenance(eopatch, eopatch_folder, temporal_selection) if self.provenance else None,
        )
        return eopatch

    def _provenance(self, eopatch: EOPatch, eopatch_folder: str, temporal_selection: Any) -> dict[str, Any]:
        arguments = {"eopatch": eopatch, "eopatch_folder": eopatch_folder}
        if temporal_selection is not ...:
            arguments["temporal_selection"] = temporal_selection
        recording = importlib.import_module("eolearn.core.provenance.recording")
        record: dict[str, Any] = recording.record_of_save(self, arguments)
        return record


class LoadTask(IOTask):
    """Loads patches, each from a folder of its own; see :meth:`EOPatch.load`.

    path, filesystem, config: where the folders of patches lie.
    features: which ones are loaded.
    lazy_loading: whether a feature is read only when it is first used.
    load_timestamps: "auto" loads them if all features are loaded, or at least one with a time axis.
    temporal_selection, window, bands: which part of each patch is loaded; by default all.

    Example:
        >>> patch = LoadTask("patches", lazy_loading=True)(eopatch_folder="42")
    """

    def __init__(
        self,
        path: str | Path,
        filesystem: AbstractFileSystem | None = None,
        config: SHConfig | None = None,
        features: FeaturesSpecification = ...,
        lazy_loading: bool = False,
        *,
        load_timestamps: bool | Literal["auto"] = "auto",
        temporal_selection: LoadedDates | None = None,
        window: WindowSpec | None = None,
        bands: Mapping[Feature, Sequence[int]] | None = None,
    ):
        super().__init__(path, filesystem=filesystem, create=False, config=config)
        self.get_feature_parser(features)  # refuses what can't be read
        self.features = features
        self.lazy_loading = lazy_loading
        self.load_timestamps = load_timestamps
        self.temporal_selection = temporal_selection
        self.window = window
        self.bands = bands

    def execute(
        self,
        eopatch: EOPatch | None = None,
        *,
        eopatch_folder: str = "",
        temporal_selection: LoadedDates | EllipsisType | None = ...,
        window: WindowSpec | EllipsisType | None = ...,
        bands: Mapping[Feature, Sequence[int]] | EllipsisType | None = ...,
    ) -> EOPatch:
        """Return the loaded patch, or what comes of merging it into a given one.

        eopatch: a patch that the loaded features are merged into, see :func:`merge_eopatches`.
        eopatch_folder: the folder to load from, within the path of the task.
        temporal_selection, window, bands: used instead of those of the task, if given.
        """
        loaded = EOPatch.load(
            self._folder_of(eopatch_folder),
            features=self.features,
            lazy_loading=self.lazy_loading,
            filesystem=self.filesystem,
            load_timestamps=self.load_timestamps,
            temporal_selection=self.temporal_selection if temporal_selection is ... else temporal_selection,
            window=self.window if window is ... else window,
            bands=self.bands if bands is ... else bands,
        )
        return loaded if eopatch is None else merge_eopatches(eopatch, loaded)
