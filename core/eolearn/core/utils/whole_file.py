"""Local files that are there whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give the path of a file beside another, to be written, which takes its place when the body ends without an error.

    The folder must be there. Nothing is left of a body that fails.

    Example:
        >>> with whole_file("maps/crops.tif") as part:
        ...     part.write_bytes(content)
    """
    part = Path(path).with_name(f".{secrets.token_hex(8)}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
