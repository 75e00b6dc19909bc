from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.visualization.report_text import compact_names, duration_text, highlighted, memory_text

SECONDS = {"µs": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (4.2e-5, "42 µs"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h"),
        (86369, "23 h 59 min"),
        (86399, "1 d"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_time_has_the_unit_that_people_would_say(seconds, text):
    assert duration_text(seconds) == text


@given(st.floats(1e-6, 1e8))
def test_a_time_is_right_to_about_a_percent(seconds):
    parts = re.findall(r"([\d.,]+) (\S+)", duration_text(seconds))
    said = sum(float(number.replace(",", "")) * SECONDS[unit] for number, unit in parts)
    # the coarsest: 1 µs (half a µs off), 1 min (half a second), 1 h (half a minute), 1 d (half an hour, 2 %)
    assert abs(said - seconds) <= max(0.021 * seconds, 0.5e-6 * 1.001)


def test_memory_is_in_mb_or_gb():
    assert [memory_text(size) for size in (0, 1234567, 999.4e6, 999.6e6, 2.5e10)] == [
        "0 MB",
        "1.23 MB",
        "999 MB",
        "1 GB",
        "25 GB",
    ]


class TestCompactNames:
    def test_numbers_that_follow_on_each_other_are_drawn_together(self):
        names = ["p-8", "p-9", "p-10", "p-12", "p-13", "q", "x-009", "x-010", "x-011", "x-12"]
        assert compact_names(names) == "p-8 … p-10, p-12, p-13, q, x-009 … x-011, x-12"

    def test_names_without_numbers_stay(self):
        assert compact_names(["b", "a", "c"]) == "b, a, c"
        assert compact_names([]) == ""

    @given(st.lists(st.integers(0, 300), unique=True))
    def test_all_names_can_be_read_back(self, numbers):
        read = []
        for part in filter(None, compact_names(f"patch-{number}" for number in numbers).split(", ")):
            ends = [int(end.removeprefix("patch-")) for end in part.split(" … ")]
            read += range(ends[0], ends[-1] + 1)
        assert read == numbers


class TextOf(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.text = ""
        self.classes = {}
        self._open = []
        self.feed(str(html))

    def handle_starttag(self, tag, attrs):
        assert tag == "span"
        self._open.append(dict(attrs)["class"])

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        self.text += data
        if self._open:
            self.classes.setdefault(self._open[-1], []).append(data)


class TestHighlighted:
    @given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
    def test_any_text_stays_as_it_is(self, text):
        assert TextOf(highlighted(text)).text == text

    def test_parts_of_a_traceback_are_told_apart(self):
        text = (
            "Traceback (most recent call last):\n"
            '  File "/a <b>.py", line 3, in <module>\n'
            "    if x: raise ValueError('no <i>', 1.5)  # why\n"
            "ValueError: no <i>"
        )
        parts = TextOf(highlighted(text))
        assert parts.text == text
        assert parts.classes == {
            "f": ["/a <b>.py"],
            "k": ["if", "raise"],
            "s": ["'no <i>'"],
            "n": ["1.5"],
            "c": ["# why"],
            "e": ["ValueError: no <i>"],
        }
