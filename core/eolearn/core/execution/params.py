"""How executions are run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .retries import RetryPolicy


@dataclass(frozen=True)
class RunParams:
    """What a user asks for, and what is not the engine's own."""

    workers: int
    multiprocess: bool
    tqdm_kwargs: dict[str, Any] = field(default_factory=dict)
    resume: bool = False
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: float | None = None
