"""Names of files that tell a date and a band, by a pattern."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from datetime import datetime
from string import Formatter

from eolearn.core.exceptions import DataError, SettingError

_CODES = {
    **dict.fromkeys("mdHMSy", r"\d{2}"),
    "Y": r"\d{4}",
    "j": r"\d{3}",
    "f": r"\d{1,6}",
    "b": "[^/_]{3}",
    "%": "%",
}
_WILDCARDS = re.compile(r"(\*\*/|\*\*|\*|\?)")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*?", "?": "[^/]"}
_DATE_FORMAT = "%Y%m%d"


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A file, and what its name tells."""

    path: str
    """Relative to the folder, with slashes."""

    date: datetime | None
    """None where the pattern has no date."""

    band: str | None
    """None where the pattern has no band."""


@dataclass(frozen=True, kw_only=True)
class FilePattern:
    """A pattern, ready to be compared with paths."""

    expression: re.Pattern[str]
    """Matches whole paths; may have groups ``date`` and ``band``."""

    date_format: str | None = None
    """As for ``strptime``; None for ISO 8601."""

    folder: str = ""
    """The folder that all files lie in, or in folders below."""

    depth: int | None = None
    """How many names a path has at most."""

    @property
    def has_dates(self) -> bool:
        """Whether names tell a date."""
        return "date" in self.expression.groupindex

    @property
    def has_bands(self) -> bool:
        """Whether names tell a band."""
        return "band" in self.expression.groupindex

    def parse(self, path: str) -> NamedFile | None:
        """Return what a path tells, None where it doesn't match. Raises DataError for a date that there isn't."""
        match = self.expression.fullmatch(path)
        if match is None:
            return None
        found = match.groupdict()
        date = self._date(found["date"], path) if self.has_dates else None
        return NamedFile(path=path, date=date, band=found.get("band"))

    def _date(self, text: str | None, path: str) -> datetime:
        try:
            if self.date_format is not None:
                return datetime.strptime(text or "", self.date_format)
            date = datetime.fromisoformat(text or "")
        except ValueError as error:
            raise DataError(f"The name {path!r} has the date {text!r}, which can't be: {error}.") from error
        return date.replace(tzinfo=None)


def file_pattern(pattern: str | re.Pattern[str]) -> FilePattern:
    r"""Return a pattern, for one in the form that people write.

    pattern: a path relative to the folder, in which ``{date:%Y%m%d}`` stands for a date in a format of ``strptime``,
        ``{band}`` for a band, any other name in braces for some text that is the same wherever the name is, ``*`` for
        any text and ``?`` for a character, all of them within a name of a folder or file, and ``**`` for any folders.
        Where a text can be read in several ways, the parts on the left are as short as possible. Or a regular
        expression that matches the whole path, with groups ``date`` (ISO 8601, also without dashes) and ``band``.

    Raises SettingError (a ValueError) for a pattern that can't be understood.

    Example:
        >>> file_pattern("{scene}/LC08_*_{date:%Y%m%d}_{band}.TIF").parse("A/LC08_L1TP_014032_20180428_B4.TIF")
        NamedFile(path='A/LC08_L1TP_014032_20180428_B4.TIF', date=datetime.datetime(2018, 4, 28, 0, 0), band='B4')
    """
    if isinstance(pattern, re.Pattern):
        return FilePattern(expression=pattern)
    date_format: str | None = None
    expression = ""
    for literal, name, details in _parts(pattern):
        expression += _expression_of(literal)
        if name is None:
            continue
        if name == "date":
            date_format = _checked_format(details or _DATE_FORMAT, date_format, pattern)
        elif not name.isidentifier() or details:
            raise SettingError(f"The pattern {pattern!r} has {name!r} {details!r} in braces, where only a name can be.")
        wanted = _of_date(date_format) if name == "date" and date_format else "[^/]+?"
        expression += f"(?P={name})" if f"(?P<{name}>" in expression else f"(?P<{name}>{wanted})"
    folder = posixpath.dirname(re.split(r"[{*?]", pattern, maxsplit=1)[0])
    depth = None if "**" in pattern else pattern.count("/") + 1
    return FilePattern(expression=re.compile(expression), date_format=date_format, folder=folder, depth=depth)


def _parts(pattern: str) -> list[tuple[str, str | None, str]]:
    """Return texts, each with what stands in braces behind it, and what follows there after a colon."""
    try:
        return [(literal, name, details or "") for literal, name, details, _ in Formatter().parse(pattern)]
    except ValueError as error:
        raise SettingError(f"The pattern {pattern!r} can't be understood: {error}.") from error


def _expression_of(literal: str) -> str:
    return "".join(_MEANING.get(part) or re.escape(part) for part in _WILDCARDS.split(literal))


def _checked_format(date_format: str, other: str | None, pattern: str) -> str:
    if other not in (None, date_format):
        raise SettingError(f"The pattern {pattern!r} has dates of two formats. Write * for the one that isn't meant.")
    unknown = set(re.findall(r"%(.)", date_format)) - set(_CODES)
    if unknown:
        raise SettingError(
            f"The date in {pattern!r} has %{' and %'.join(sorted(unknown))}, known are {', '.join(_CODES)}."
        )
    return date_format


def _of_date(date_format: str) -> str:
    pieces = re.split(r"%(.)", date_format)
    return "".join(_CODES[piece] if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
