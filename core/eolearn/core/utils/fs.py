"""Filesystems and paths: local folders, memory and object stores alike are reached through fsspec."""

from __future__ import annotations

import importlib
import os
import pickle
import posixpath
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..exceptions import MissingExtra, PathNotFound, SettingError, StorageError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sentinelhub import SHConfig


def get_filesystem(
    path: str | Path, create: bool = False, config: SHConfig | None = None, **kwargs: Any
) -> AbstractFileSystem:
    """Return a filesystem whose root is a folder.

    path: a local path, or a URL such as ``s3://bucket/folder`` or ``memory://folder``.
    create: whether to make the folder; otherwise PathNotFound (a FileNotFoundError) is raised where there is none.
        On S3 there are no folders, so nothing is made or looked for.
    config: holds the credentials for S3.
    kwargs: options of the filesystem in fsspec.

    Example:
        >>> get_filesystem("/data/patches").ls("/")
    """
    if is_s3_path(path):
        return load_s3_filesystem(path, config=config, **kwargs)
    from fsspec.core import url_to_fs

    from .rooted_filesystem import RootedFileSystem

    filesystem, root = url_to_fs(str(path), **kwargs)
    if create:
        _make_folder(filesystem, root)
    elif not filesystem.isdir(root):
        raise PathNotFound(f"There is no folder {str(path)!r} ({filesystem.unstrip_protocol(root)}).")
    return RootedFileSystem(root or "/", filesystem)


def _make_folder(filesystem: AbstractFileSystem, folder: str) -> None:
    try:
        filesystem.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder {filesystem.unstrip_protocol(folder)} can't be made: {error}.") from error


def as_filesystem(filesystem: object) -> AbstractFileSystem:
    """Return the filesystem that a user gave; in a folder of another one, no path leads out of the folder.

    Objects of PyFilesystem, which older scripts have, become filesystems of fsspec. Raises SettingError for all else.
    """
    from fsspec import AbstractFileSystem
    from fsspec.implementations.dirfs import DirFileSystem

    from .rooted_filesystem import RootedFileSystem

    if not isinstance(filesystem, AbstractFileSystem):
        from .pyfilesystem import from_pyfilesystem, is_pyfilesystem

        if is_pyfilesystem(filesystem):
            return from_pyfilesystem(filesystem)
        raise SettingError(
            f"A filesystem must be one of fsspec, got {filesystem!r}. Make one with eolearn.core.get_filesystem(path)."
        )
    if type(filesystem) is DirFileSystem:
        return RootedFileSystem(filesystem.path, filesystem.fs)
    return filesystem


def get_base_filesystem_and_path(
    *path_parts: str | Path, config: SHConfig | None = None, **kwargs: Any
) -> tuple[AbstractFileSystem, str]:
    """Return a filesystem rooted at the top (the disk or the bucket), and the path in it.

    config, kwargs: as in :func:`get_filesystem`.

    Example:
        >>> get_base_filesystem_and_path("s3://bucket/folder", "patch")[1]
        'folder/patch'
    """
    path = join_path(*path_parts)
    if is_s3_path(path):
        bucket, _, relative = path.removeprefix("s3://").partition("/")
        return load_s3_filesystem(f"s3://{bucket}", config=config, **kwargs), relative
    from fsspec.core import url_to_fs

    from .rooted_filesystem import RootedFileSystem

    filesystem, full_path = url_to_fs(path, **kwargs)
    root = os.path.splitdrive(full_path)[0] + filesystem.root_marker
    return RootedFileSystem(root, filesystem), full_path.removeprefix(root)


def load_s3_filesystem(
    path: str | Path,
    strict: bool = False,  # noqa: ARG001 - of the published signature; s3fs has no folders that could be checked
    config: SHConfig | None = None,
    aws_profile: str | None = None,
    **kwargs: Any,
) -> AbstractFileSystem:
    """Return a filesystem rooted at a path on S3. Needs s3fs, MissingExtra where it is not installed.

    path: ``s3://bucket`` or ``s3://bucket/folder``, SettingError (a ValueError) otherwise.
    config: holds key, secret and session token; by default those that sentinelhub is configured with. Empty ones leave
        it to the AWS libraries to find some.
    aws_profile: take the credentials of this profile instead.
    kwargs: options of s3fs.S3FileSystem. ``key``, ``secret`` and ``token`` are used instead of those of the config.
        ``acl``, ``upload_args`` and ``download_args`` are understood too, and are sent along with each request that
        knows them.
    """
    if not is_s3_path(path):
        raise SettingError(f"A path on S3 begins with s3://, got {str(path)!r}.")
    from sentinelhub import SHConfig

    from .rooted_filesystem import RootedFileSystem

    config = get_aws_credentials(aws_profile, config) if aws_profile else config or SHConfig()
    request_options = {**kwargs.pop("upload_args", {}), **kwargs.pop("download_args", {})}
    if "acl" in kwargs:
        request_options["ACL"] = kwargs.pop("acl")
    if request_options:
        kwargs["s3_additional_kwargs"] = {**kwargs.get("s3_additional_kwargs", {}), **request_options}
    if "key" not in kwargs:
        kwargs["key"] = config.aws_access_key_id or None
        kwargs["secret"] = config.aws_secret_access_key or None
        kwargs["token"] = config.aws_session_token or None
    filesystem = _s3_package("s3fs").S3FileSystem(**kwargs)
    return RootedFileSystem(str(path).removeprefix("s3://").rstrip("/"), filesystem)


def Session(*args: Any, **kwargs: Any) -> Any:  # noqa: N802 - stands for the class, scripts replace it by its name
    """Return a boto3 session. Needs boto3, MissingExtra where it is not installed."""
    return _s3_package("boto3").Session(*args, **kwargs)


def get_aws_credentials(aws_profile: str, config: SHConfig | None = None) -> SHConfig:
    """Return a copy of the configuration with the credentials of an AWS profile.

    config: what to copy, by default what sentinelhub is configured with.
    """
    from sentinelhub import SHConfig

    credentials = Session(profile_name=aws_profile).get_credentials()
    if credentials is None:
        raise SettingError(f"The AWS profile {aws_profile!r} has no credentials. Set them with `aws configure`.")
    copied = (config or SHConfig()).copy()
    copied.aws_access_key_id = credentials.access_key
    copied.aws_secret_access_key = credentials.secret_key
    copied.aws_session_token = credentials.token or ""
    return copied


def _s3_package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(f"Storage on S3 needs {name}: pip install 'eo-learn-core[s3]'") from error


def pickle_fs(filesystem: AbstractFileSystem) -> bytes:
    """Serialise a filesystem: how to reach it, not what it holds (``memory://`` is empty in another process)."""
    return pickle.dumps(as_filesystem(filesystem))


def unpickle_fs(pickled_filesystem: bytes) -> AbstractFileSystem:
    """Return the filesystem that :func:`pickle_fs` serialised. Only for bytes of your own: unpickling can run code."""
    return as_filesystem(pickle.loads(pickled_filesystem))  # noqa: S301 - bytes of this program, not of a file


def local_path(filesystem: AbstractFileSystem, path: str) -> str | None:
    """Return where a path lies on this machine's disks, None if it doesn't.

    filesystem: as :func:`as_filesystem` returns it.
    """
    from fsspec.implementations.local import LocalFileSystem, make_path_posix

    from .rooted_filesystem import RootedFileSystem

    while isinstance(filesystem, RootedFileSystem):
        filesystem, path = filesystem.fs, filesystem.full_path(path)
    return make_path_posix(path) if isinstance(filesystem, LocalFileSystem) else None


def get_full_path(filesystem: AbstractFileSystem, relative_path: str) -> str:
    """Return a path in a filesystem as one that stands alone: a normalised local path, or a URL."""
    from .rooted_filesystem import RootedFileSystem

    filesystem = as_filesystem(filesystem)
    on_disk = local_path(filesystem, relative_path)
    if on_disk is not None:
        return os.path.normpath(on_disk)
    while isinstance(filesystem, RootedFileSystem):
        filesystem, relative_path = filesystem.fs, filesystem.full_path(relative_path)
    return str(filesystem.unstrip_protocol(relative_path))


def join_path(*path_parts: str | Path) -> str:
    """Join parts of a path, resolve ``..``, and make a local path absolute.

    Example:
        >>> join_path("s3://bucket/folder", "..", "other")
        's3://bucket/other'
    """
    start, *others = (str(part) for part in path_parts)
    scheme, separator, start = start.removeprefix("file://").rpartition("://")
    if separator:
        return scheme + separator + posixpath.normpath("/" + posixpath.join(start, *others)).lstrip("/")
    return os.path.abspath(os.path.join(start, *others))


def split_all_extensions(path: str) -> tuple[str, str]:
    """Split a path at the first dot of the file's name, but for one that it begins with.

    Example:
        >>> split_all_extensions("data/BANDS.npy.gz")
        ('data/BANDS', '.npy.gz')
    """
    name = posixpath.basename(path)
    hidden_dots = len(name) - len(name.lstrip("."))
    position = name.find(".", hidden_dots)
    if position in (-1, len(name) - 1):
        return path, ""
    extensions = name[position:]
    return path.removesuffix(extensions), extensions


def is_s3_path(path: str | Path) -> bool:
    """Whether a path is on S3."""
    return str(path).startswith("s3://")
