"""Tasks for the ends of a workflow: where data come in from outside, and where they go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .eodata import EOPatch
from .eotask import EOTask
from .utils.common import generate_uid
from .utils.parsing import FeatureParser

if TYPE_CHECKING:
    from .types import FeaturesSpecification


class InputTask(EOTask):
    """Brings a value into a workflow.

    value: what the task returns, unless an execution brings another one.
    """

    def __init__(self, value: object = None):
        self.value = value

    def execute(self, *, value: object = None) -> object:
        """Return the value of the execution if it is not None, else that of the constructor."""
        return self.value if value is None else value


class OutputTask(EOTask):
    """Hands data out of a workflow, and passes them on.

    name: the key under which the data are found in ``WorkflowResults.outputs``; made up if not given.
    features: what of an EOPatch to hand out.
    """

    def __init__(self, name: str | None = None, features: FeaturesSpecification = ...):
        FeatureParser(features)  # refuses what is no specification
        self.features = features
        self._name = name or generate_uid("output")

    @property
    def name(self) -> str:
        """The key under which the data are found in the results."""
        return self._name

    def execute(self, data: Any) -> Any:
        """Return a shallow copy of an EOPatch with the selected features and all timestamps; other data as they are."""
        if isinstance(data, EOPatch):
            return data.copy(features=self.features, copy_timestamps=True)
        return data
