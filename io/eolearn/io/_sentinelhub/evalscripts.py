"""What the setup of an evalscript says of its input and its output, as far as it is written out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from eolearn.core.exceptions import DataError

_COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_STRINGS = re.compile(r"""["']([\w-]+)["']""")
_BANDS_OF_INPUT = re.compile(r"""["']?bands["']?\s*:\s*\[([^\]]*)\]""")
_DTYPES = {
    "INT8": "int8",
    "UINT8": "uint8",
    "INT16": "int16",
    "UINT16": "uint16",
    "FLOAT32": "float32",
    "AUTO": "uint8",
}
_CLOSING = {"[": "]", "{": "}"}


@dataclass(frozen=True)
class Output:
    """One image that an evalscript makes."""

    bands: int
    dtype: np.dtype[np.generic]


@dataclass(frozen=True)
class Setup:
    """What goes into an evalscript and what comes out."""

    bands: frozenset[str]
    """Names of the bands that are read."""
    outputs: dict[str, Output]
    """By their identifiers."""
    has_all_samples: bool
    """Whether each pixel gets the observations of all orbits or tiles, and not of one mosaic."""

    @property
    def is_32_bit(self) -> bool:
        """Whether any output has numbers of 32 bits."""
        return any(output.dtype.itemsize == 4 for output in self.outputs.values())


def read_setup(evalscript: str) -> Setup:
    """Return what ``setup()`` says. Raises DataError (a ValueError) where it isn't written out in plain numbers.

    Source: https://docs.sentinel-hub.com/api/latest/evalscript/v3/.
    """
    text = _COMMENTS.sub("", evalscript)
    if (start := text.find("setup")) < 0:
        raise DataError("The evalscript has no function setup(), so that it can't be told what it reads and makes.")
    text = text[start:]
    given = _value(text, "input")
    lists = _BANDS_OF_INPUT.findall(given)
    bands = frozenset(name for part in lists or [given] for name in _STRINGS.findall(part))
    outputs = dict(map(_output, re.findall(r"\{[^{}]*\}", _value(text, "output"))))
    if not bands or not outputs:
        raise DataError("The setup() of the evalscript doesn't name its bands or its outputs in plain words.")
    return Setup(bands, outputs, bool(re.search(r"""mosaicking["']?\s*:\s*\S*(?:ORBIT|TILE)""", text)))


def _value(text: str, name: str) -> str:
    """Return the list or the object behind a name."""
    match = re.search(rf"""\b{name}["']?\s*:\s*(?=[\[{{])""", text)
    if match is None:
        raise DataError(f"The setup() of the evalscript has no list or object {name!r}.")
    opening, depth = text[match.end()], 0
    for position in range(match.end(), len(text)):
        depth += {opening: 1, _CLOSING[opening]: -1}.get(text[position], 0)
        if depth == 0:
            return text[match.end() : position + 1]
    raise DataError(f"The {name!r} of the evalscript has no end.")


def _output(text: str) -> tuple[str, Output]:
    def setting(name: str, value: str, default: str) -> str:
        match = re.search(rf"""\b{name}["']?\s*:\s*["']?({value})""", text)
        return match[1] if match else default

    bands = setting("bands", r"\d+", "")
    kind = setting("sampleType", r"(?:SampleType\.)?\w+", "AUTO").removeprefix("SampleType.")
    if not bands or kind not in _DTYPES:
        raise DataError(f"How many bands the output {text} of the evalscript has, or of which type, can't be told.")
    return setting("id", r"\w+", "default"), Output(int(bands), np.dtype(_DTYPES[kind]))


def processing_units(
    width: int, height: int, setup: Setup, *, samples: int = 1, is_orthorectified: bool = False
) -> float:
    """Return what one request costs: 1 for 512 x 512 pixels of three bands in up to 16 bits, made of one observation.

    samples: observations of a pixel that are read. The mask of data isn't counted as a band, 32 bits count twice, and
    so does orthorectification.

    Source: https://docs.sentinel-hub.com/api/latest/api/overview/processing-unit/, "Definition of a Processing Unit".
    """
    area = max(width * height / 512**2, 0.01)
    bands = len(setup.bands - {"dataMask"}) / 3
    return max(area * bands * (2 if setup.is_32_bit else 1) * samples * (2 if is_orthorectified else 1), 0.001)
