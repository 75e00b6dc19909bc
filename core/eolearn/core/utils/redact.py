"""Masks passwords, keys and tokens in texts that people may pass on: reports, error messages, arguments."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any

MASK = "***"

_ENDINGS = (
    *(("password",), ("passwd",), ("passphrase",), ("pwd",), ("secret",), ("secrets",), ("token",), ("jwt",)),
    *(("credential",), ("credentials",), ("authorization",), ("auth",), ("apikey",), ("accesskey",), ("cookie",)),
    *((first, "key") for first in ("api", "access", "secret", "account", "private", "subscription", "shared", "sas")),
    *(("access", "key", "id"), ("access", "id"), ("client", "id"), ("instance", "id"), ("account", "id")),
    *(("connection", "string"), ("session", "key"), ("encryption", "key"), ("amz", "signature"), ("goog", "signature")),
)
_AMBIGUOUS = (["key"], ["pass"], ["sig"], ["signature"], ["sas"])
"""Names of other things too: outside of queries only values that look like tokens are masked."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAMED = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]++)(?P<separator>\\*["']?\]?\s*(?:=|:)\s*)""")
_VALUE = re.compile(
    r"""[bruBRU]{0,2}(?:"(?:\\.|[^"\\])*+"?|'(?:\\.|[^'\\])*+'?)"""  # a string
    r"""|\\+(?P<quote>["'])(?:(?!\\+(?P=quote)).)*(?:\\+(?P=quote))?"""  # a string within a string
    r"""|[\w.]*+[\[({][^\])}]*+[\])}]?"""  # a collection, or an object in the way that it was made
    r"""|(?:(?:bearer|basic|token|digest)\s+)?[^\s,;&#)\]}>'"]++""",  # a word, after the scheme if it is a header
    re.IGNORECASE,
)
_NOTHING = re.compile(r"""[bruBRU]{0,2}(["'])\1|None|null|True|False|[\[({]\s*[\])}]|\W*""")
_LONGEST_TOKEN = 10_000
_LONG_WORD = re.compile(r"[\w/+=.~%-]{16,}")
_ANYWHERE = tuple(
    (hint, re.compile(pattern), replacement)
    for hint, pattern, replacement in (
        ("PRIVATE KEY", r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", MASK),
        (
            "@",
            r"(?<=://)[^\s:/@'\"<>]{0,300}+:(?!\d{1,5}[/?#])(?:(?:[^\s/@'\"<>]{0,300}+@)+|[^\s@'\"<>]{0,300}+@)",
            f"{MASK}@",
        ),
        ("@", r"(?<=://)(?=[^@]{0,300}\d)[^\s:/@'\"<>]{16,300}@", f"{MASK}@"),
        ("", r"(?i)\b(bearer|basic)(\s+)(?=\S{0,300}[\d=])[\w/+=.~-]{8,}", rf"\1\2{MASK}"),
        ("A", r"\b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}\b", MASK),
        ("ey", r"(?<![\w-])ey[JK][\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]*)?", MASK),
        ("", r"\b(?:gh[a-z]_|github_pat_|glpat-|sk-|xox[a-z]-|ya29\.|AIza|PLAK)[\w-]{16,}", MASK),
    )
)
"""Secrets that need no name, each with a text that is always in it."""


def is_secret(name: str) -> bool:
    """Whether what has this name, of a parameter, an attribute or a header, is to be masked.

    Example:
        >>> is_secret("sh_client_secret"), is_secret("X-Amz-Security-Token"), is_secret("token_url")
        (True, True, False)
    """
    words = tuple(word.lower() for word in _WORD.findall(name))
    return any(words[-len(ending) :] == ending for ending in _ENDINGS)


def redact(text: str) -> str:
    """Return the text with ``***`` in the place of secrets.

    These are: what stands behind a name such as ``password``, ``token`` or ``client_secret``, as an argument, an entry
    of a dictionary, a header, or in the query of a signed URL; ``user:password@`` in a URL; bearer tokens, private
    keys, and the keys of services that can be told by their form. The name stays, and so does all other text. A secret
    that stands alone, without a name, can't be told from other text.

    Example:
        >>> redact("PermissionError: https://me:mine@host/?sig=Zm9vYmFyYmF6MTIzNA%3D%3D, token='abc'")
        "PermissionError: https://***@host/?sig=***, token='***'"
    """
    for hint, pattern, replacement in _ANYWHERE:
        if hint in text:
            text = pattern.sub(replacement, text)
    pieces = []
    end = 0
    for named in _NAMED.finditer(text):
        value = _secret_value(named) if named.start() >= end else None
        if value is not None:
            pieces += [text[end : value.start()], _masked(value[0])]
            end = value.end()
    return "".join([*pieces, text[end:]])


def _secret_value(named: re.Match[str]) -> re.Match[str] | None:
    """Return what stands behind a name if it is a secret."""
    text, name, separator = named.string, named["name"], named["separator"]
    is_ambiguous = [word.lower() for word in _WORD.findall(name)[-1:]] in _AMBIGUOUS
    if not is_ambiguous and not is_secret(name):
        return None
    match = _VALUE.match(text, named.end(), named.end() + _LONGEST_TOKEN if is_ambiguous else len(text))
    if match is None or _NOTHING.fullmatch(match[0]):
        return None
    value = match[0]
    if is_ambiguous:
        is_in_query = text[named.start() - 1 : named.start()] in ("?", "&")
        return match if is_in_query or (_LONG_WORD.search(value) and _has_digit(value)) else None
    may_be_prose = ":" in separator and not set("\"'") & {*separator, value[0]}
    return match if not may_be_prose or _stands_out(name, value) else None


def _stands_out(name: str, value: str) -> bool:
    """Whether a word behind a colon is a secret and not a word of a sentence, as in ``unexpected token: comma``."""
    return _has_digit(value) or len(value) >= 16 or not name.lower().endswith("token")


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _masked(value: str) -> str:
    opening = re.match(r"""[bruBRU]{0,2}\\*["']""", value)
    if opening is None:
        return MASK
    quote = re.sub(r"^[bruBRU]+", "", opening[0])
    return f"{opening[0]}{MASK}{quote}"


def redacted_repr(value: object, longest: int = 200) -> str:
    """Return a short text of any value, in which secrets are masked: attributes, keys and parameters of such names.

    Arrays and tables are told by their shape, EOPatches by the number of their features.

    longest: the text is cut there, and ends in dots.

    Example:
        >>> redacted_repr({"bands": np.zeros((2, 3)), "token": "abc"})
        "{'bands': <ndarray (2, 3) float64>, 'token': ***}"
    """
    text = redact(_text(value, depth=4))
    return text if len(text) <= longest else f"{text[: max(0, longest - 3)]}..."


_MOST_ITEMS = 20


def _text(value: object, depth: int) -> str:
    if isinstance(value, str):
        return repr(redact(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth and isinstance(value, list | tuple | set | frozenset) and type(value).__module__ == "builtins":
        return _of_items(value, depth)
    if depth and isinstance(value, Mapping):
        return f"{{{_joined(value.items(), depth, ': ', as_key=repr)}}}"
    if depth and dataclasses.is_dataclass(value) and not isinstance(value, type):
        attributes = ((field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value))
        return f"{type(value).__name__}({_joined(attributes, depth, '=', as_key=str)})"
    return _of_object(value)


def _of_items(items: Collection[object], depth: int) -> str:
    few = list(islice(items, _MOST_ITEMS + 1))
    text = ", ".join([*(_text(item, depth - 1) for item in few[:_MOST_ITEMS]), *["..."] * (len(few) > _MOST_ITEMS)])
    match items:
        case list():
            return f"[{text}]"
        case tuple():
            return f"({text},)" if len(few) == 1 else f"({text})"
    return f"{{{text}}}" if few else f"{type(items).__name__}()"


def _joined(pairs: Iterable[tuple[Any, object]], depth: int, separator: str, as_key: Any) -> str:
    few = list(islice(pairs, _MOST_ITEMS + 1))
    texts = [
        f"{as_key(key)}{separator}{MASK if is_secret(str(key)) and value else _text(value, depth - 1)}"
        for key, value in few[:_MOST_ITEMS]
    ]
    return ", ".join([*texts, *["..."] * (len(few) > _MOST_ITEMS)])


def _of_object(value: object) -> str:
    kind = type(value).__name__
    eodata = sys.modules.get("eolearn.core.eodata")
    try:
        if eodata is not None and isinstance(value, eodata.EOPatch):
            return f"<EOPatch with {len(value.get_features())} features>"
        shape = getattr(value, "shape", ())
        if isinstance(shape, tuple) and shape and not isinstance(value, type):
            return f"<{kind} {shape} {value.dtype}>" if hasattr(value, "dtype") else f"<{kind} {shape}>"
        return repr(value)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a value's repr, the others are shown
        return f"<{kind} without a text: {type(error).__name__}>"
