"""Runs workflows and functions on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ..eonode import EONode
from ..eoworkflow import EOWorkflow
from ..exceptions import MissingExtra, NotConnected, SettingError
from ..execution.engine import Engine
from ..execution.params import RunParams
from ..utils.parallelize import _base_join_futures_iter, _parallelize_on
from .cluster import ClusterExecutor

try:
    import ray

    from .ray_engine import RayEngine, is_ray_client
except ModuleNotFoundError as error:
    raise MissingExtra(
        f"eolearn.core.extra.ray needs the package ray ({error}): pip install 'eo-learn-core[ray]'"
    ) from error

Value = TypeVar("Value")


class RayExecutor(ClusterExecutor):
    """Runs a workflow with each of many sets of arguments on the Ray cluster that ``ray.init`` has connected to.

    ray_remote_kwargs: what Ray is told about each execution, as ``ray.remote`` takes it: ``num_cpus`` (kernels use so
        many threads, by default 1), ``memory`` in bytes, ``resources``, ``runtime_env``.

    The other settings are those of :class:`EOExecutor`. Whatever an execution needs must be there on all machines:
    the packages, and the folders of patches and logs.

    Example:
        >>> ray.init("auto")
        >>> executor = RayExecutor(workflow, arguments, ray_remote_kwargs={"num_cpus": 2})
        >>> results = executor.run(retries=2)
    """

    def __init__(
        self,
        workflow: EOWorkflow,
        execution_kwargs: Iterable[Mapping[EONode, dict[str, object]]],
        *,
        ray_remote_kwargs: Mapping[str, Any] | None = None,
        **settings: Any,
    ):
        super().__init__(workflow, execution_kwargs, **settings)
        self.ray_remote_kwargs = dict(ray_remote_kwargs or {})

    def _number_of_workers(self) -> int:
        _check_connection()
        return int(ray.available_resources().get("CPU", 0))  # type: ignore[no-untyped-call]

    def _make_engine(self, run_params: RunParams) -> Engine:
        timeout = run_params.timeout
        if timeout is not None and not timeout > 0:
            raise SettingError(f"timeout must be a number of seconds above 0, or None, got {timeout!r}.")
        if timeout is not None and is_ray_client():
            raise SettingError(
                f"timeout={timeout:g} can't be kept over a connection to ray://, which doesn't tell when an execution "
                "begins. Run the script on a machine of the cluster, with ray job submit for instance."
            )
        return RayEngine(self.ray_remote_kwargs, timeout)


def parallelize_with_ray(
    function: Callable[..., Value],
    *params: Iterable[Any],
    ray_remote_kwargs: Mapping[str, Any] | None = None,
    **tqdm_kwargs: Any,
) -> list[Value]:
    """Do the same as :func:`eolearn.core.utils.parallelize.parallelize` on a Ray cluster.

    ray_remote_kwargs: what Ray is told about each call, see :class:`RayExecutor`.

    Raises NotConnected (a RuntimeError) if Ray is not initialized.
    """
    _check_connection()
    return _parallelize_on(RayEngine(ray_remote_kwargs or {}), function, params, tqdm_kwargs)


def join_ray_futures(futures: list[Any], **tqdm_kwargs: Any) -> list[Any]:
    """Wait for futures of Ray, and return their results in order. The list is emptied, so that it keeps no result."""
    results = dict(join_ray_futures_iter(futures, **tqdm_kwargs))
    return [results[position] for position in range(len(results))]


def join_ray_futures_iter(
    futures: list[Any], update_interval: float = 0.5, **tqdm_kwargs: Any
) -> Iterator[tuple[int, Any]]:
    """Wait for futures of Ray, and yield the position and the result of each in the order in which they are done.

    futures: emptied when the first result is asked for, so that it keeps no result in memory.
    update_interval: how often to look for results, in seconds.
    """
    return _base_join_futures_iter(
        lambda pending: ray.wait(list(pending), num_returns=len(pending), timeout=update_interval),
        ray.get,
        futures,
        **tqdm_kwargs,
    )


def _check_connection() -> None:
    if not ray.is_initialized():
        raise NotConnected(
            "There is no connection to a Ray cluster. Call ray.init() for one on this machine, or "
            "ray.init('auto') on a machine of a cluster."
        )
