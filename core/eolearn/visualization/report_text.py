"""Texts of a report: quantities with units, lists of names, tracebacks in colours."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from markupsafe import Markup, escape

_FRAME = re.compile(r'(?P<indent>\s*)File "(?P<path>.*)", line (?P<line>\d+)(?P<rest>(?:, in .*)?)')
_HEAD = re.compile(r"[A-Za-z_][\w.]*(?:: .*|$)")
_TOKENS = re.compile(
    r"(?P<c>#.*)"
    r"|(?P<s>[brufBRUF]{0,2}(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'))"
    r"|(?P<n>\b\d[\w.]*)"
    rf"|(?P<k>\b(?:{'|'.join(keyword.kwlist)})\b)"
)  # comment, string, number, keyword: the classes in the template
_NUMBERED = re.compile(r"(.*?)(\d{1,15})", re.DOTALL)


def duration_text(seconds: float) -> str:
    """Return a time with its unit.

    Example:
        >>> duration_text(0.01234), duration_text(83), duration_text(7500)
        ('12.3 ms', '1 min 23 s', '2 h 5 min')
    """
    if seconds < 0.0009995:
        return f"{seconds * 1e6:.0f} µs" if seconds > 0 else "0 s"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    if seconds < 3599.5:
        return _two_units(round(seconds), 60, "min", "s")
    if seconds < 86370:
        return _two_units(round(seconds / 60), 60, "h", "min")
    return _two_units(round(seconds / 3600), 24, "d", "h")


def _two_units(count: int, size: int, large: str, small: str) -> str:
    whole, rest = divmod(count, size)
    return f"{whole:,} {large} {rest} {small}" if rest else f"{whole:,} {large}"


def memory_text(size: float) -> str:
    """Return a number of bytes in MB or GB.

    Example:
        >>> memory_text(345678901), memory_text(3e9)
        ('346 MB', '3 GB')
    """
    return f"{size / 1e9:.3g} GB" if size >= 999.5e6 else f"{size / 1e6:.3g} MB"


def compact_names(names: Iterable[str]) -> str:
    """Return a list of names in which names with numbers that follow on each other are drawn together.

    Example:
        >>> compact_names(["patch-7", "patch-8", "patch-9", "other"])
        'patch-7 … patch-9, other'
    """
    parts: list[str] = []
    first = last = ""
    for name in names:
        if last and _follows(last, name):
            last = name
            continue
        parts += _span(first, last)
        first = last = name
    return ", ".join([*parts, *_span(first, last)])


def _follows(name: str, other: str) -> bool:
    one, two = _NUMBERED.fullmatch(name), _NUMBERED.fullmatch(other)
    if one is None or two is None or one[1] != two[1]:
        return False
    return str(int(one[2]) + 1).zfill(len(one[2])) == two[2]


def _span(first: str, last: str) -> list[str]:
    if first == last:
        return [first] if first else []
    return [f"{first}, {last}" if _follows(first, last) else f"{first} … {last}"]


def highlighted(traceback: str) -> Markup:
    """Return a traceback as HTML, escaped, with its parts in elements of classes that say what they are."""
    return Markup("\n").join(map(_highlighted_line, traceback.rstrip("\n").split("\n")))


def _highlighted_line(line: str) -> Markup:
    frame = _FRAME.fullmatch(line)
    if frame is not None:
        path = Markup('<span class="f">{}</span>').format(frame["path"])
        return Markup('{}File "{}", line {}{}').format(frame["indent"], path, frame["line"], frame["rest"])
    if line.startswith(" "):
        return _highlighted_code(line)
    return Markup('<span class="e">{}</span>').format(line) if _HEAD.match(line) else escape(line)


def _highlighted_code(line: str) -> Markup:
    parts = Markup("")
    end = 0
    for token in _TOKENS.finditer(line):
        parts += escape(line[end : token.start()])
        parts += Markup('<span class="{}">{}</span>').format(token.lastgroup, token[0])
        end = token.end()
    return parts + escape(line[end:])
