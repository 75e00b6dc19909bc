"""The base of all tasks: one thing that is done to EOPatches."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Self

from .exceptions import EODeprecationWarning, SettingTypeError, warn_user
from .utils.parsing import FeatureParser, parse_feature, parse_features, parse_renamed_feature, parse_renamed_features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .types import Feature, FeaturesSpecification, RenamedFeature
    from .utils.parsing import AllowedFeatureTypes, HasFeatures


@dataclass(frozen=True, eq=False)
class TaskConfig:
    """What the constructor of a task was given; what was left to its default is not listed.

    A copy of a task shares the record of the original. A pickle keeps the texts of the values and not the values, some
    of which can't be pickled (a lock in a filesystem) though the task can.
    """

    init_values: Mapping[str, Any]
    """The values by the names of their parameters, as they were handed over; empty in an unpickled task."""

    @cached_property
    def init_args(self) -> dict[str, str]:
        """The ``repr`` of each value by the name of its parameter, made when it is first asked for."""
        return {name: _text(value) for name, value in self.init_values.items()}

    def __getstate__(self) -> dict[str, Any]:
        return {"init_values": {}, "init_args": self.init_args}

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def _text(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a value's repr, the task that has it can be used
        return f"<{type(value).__name__} without a text: {type(error).__name__}>"


@lru_cache(maxsize=1024)
def _positional_parameters(constructor: Callable[..., None]) -> tuple[tuple[str, ...], str | None]:
    """Return the names of the parameters that take positional arguments, and that of the one that takes the rest."""
    parameters = list(inspect.signature(constructor).parameters.values())[1:]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
    return tuple(names), rest[0] if rest else None


def _bind(constructor: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Give each argument its name. Wrong arguments are no matter here: the constructor itself refuses them."""
    names, rest = _positional_parameters(constructor)
    values = dict(zip(names, args, strict=False))
    if rest is not None and len(args) > len(names):
        values[rest] = args[len(names) :]
    return values | kwargs


class EOTask(ABC):
    """One thing that is done to EOPatches.

    A task gets its settings when it is made and its data when it is called. A subclass defines :meth:`execute`, as a
    method or a static method, and a constructor if it has settings; a frozen dataclass does as well.

    Within a workflow each task gets a shallow copy of an EOPatch, so it may add, replace and remove features. It must
    not write into the arrays themselves, which other tasks may share.

    Example:
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Scale(EOTask):
        ...     feature: Feature
        ...     factor: float = 1e-4
        ...
        ...     def execute(self, eopatch: EOPatch) -> EOPatch:
        ...         eopatch[self.feature] = eopatch[self.feature] * np.float32(self.factor)
        ...         return eopatch
        >>> eopatch = Scale(feature=(FeatureType.DATA, "BANDS"))(eopatch)
    """

    _private_task_config: TaskConfig

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make a task, and keep a record of the settings that it was given."""
        constructor = cls.__init__
        if constructor is object.__init__ and (args or kwargs):
            raise SettingTypeError(f"{cls.__name__} has no settings, but was given {_bind(constructor, args, kwargs)}.")
        task = super().__new__(cls)
        config = TaskConfig(_bind(constructor, args, kwargs))
        object.__setattr__(task, "_private_task_config", config)  # a task may be frozen
        return task

    @abstractmethod
    def execute(self, *eopatches: Any, **kwargs: Any) -> Any:
        """Do the work, on any number of EOPatches or other data, and return what came of it."""

    def __call__(self, *eopatches: Any, **kwargs: Any) -> Any:
        """Run the task, as :meth:`execute`."""
        return self.execute(*eopatches, **kwargs)

    def __mul__(self, other: EOTask) -> CompositeTask:
        """Compose two tasks as functions are composed: ``second * first`` runs the first, then the second."""
        if not isinstance(other, EOTask):
            return NotImplemented
        return CompositeTask(other, self)

    @property
    def private_task_config(self) -> TaskConfig:
        """The settings that the task was made with."""
        return self._private_task_config

    @staticmethod
    def parse_feature(
        feature: FeaturesSpecification,
        eopatch: HasFeatures | None = None,
        allowed_feature_types: AllowedFeatureTypes = ...,
    ) -> Feature:
        """Parse a specification of exactly one feature into (type, name); see :class:`FeatureParser` for the forms."""
        return parse_feature(feature, eopatch, allowed_feature_types)

    @staticmethod
    def parse_features(
        features: FeaturesSpecification,
        eopatch: HasFeatures | None = None,
        allowed_feature_types: AllowedFeatureTypes = ...,
    ) -> list[Feature]:
        """Parse a specification into a list of (type, name); see :class:`FeatureParser` for the forms."""
        return parse_features(features, eopatch, allowed_feature_types)

    @staticmethod
    def get_feature_parser(
        features: FeaturesSpecification, allowed_feature_types: AllowedFeatureTypes = ...
    ) -> FeatureParser:
        """Return a parser of a specification, for features that are known only when the task runs."""
        return FeatureParser(features, allowed_feature_types)

    @staticmethod
    def parse_renamed_feature(
        feature: FeaturesSpecification,
        eopatch: HasFeatures | None = None,
        allowed_feature_types: AllowedFeatureTypes = ...,
    ) -> RenamedFeature:
        """Old form of :func:`eolearn.core.utils.parsing.parse_renamed_feature`."""
        _warn_of_renamed("parse_renamed_feature")
        return parse_renamed_feature(feature, eopatch, allowed_feature_types)

    @staticmethod
    def parse_renamed_features(
        features: FeaturesSpecification,
        eopatch: HasFeatures | None = None,
        allowed_feature_types: AllowedFeatureTypes = ...,
    ) -> list[RenamedFeature]:
        """Old form of :func:`eolearn.core.utils.parsing.parse_renamed_features`."""
        _warn_of_renamed("parse_renamed_features")
        return parse_renamed_features(features, eopatch, allowed_feature_types)


def _warn_of_renamed(name: str) -> None:
    message = f"EOTask.{name} is deprecated, use eolearn.core.utils.parsing.{name} instead."
    warn_user(message, EODeprecationWarning)


class CompositeTask(EOTask):
    """Two tasks that run one after the other, as one.

    eotask1: gets the data and the keyword arguments.
    eotask2: gets what the first one returned.

    ``CompositeTask(first, second)`` and ``second * first`` are the same. Within a workflow, nodes of their own
    (:func:`linearly_connect_tasks`) say more: each has statistics, and may take arguments.
    """

    def __init__(self, eotask1: EOTask, eotask2: EOTask):
        for task in (eotask1, eotask2):
            if not isinstance(task, EOTask):
                raise SettingTypeError(f"A CompositeTask is made of two tasks, got {task!r}.")
        self.eotask1 = eotask1
        self.eotask2 = eotask2

    def execute(self, *eopatches: Any, **kwargs: Any) -> Any:
        """Return what the second task makes of the result of the first."""
        return self.eotask2.execute(self.eotask1.execute(*eopatches, **kwargs))
