"""The report in a browser: offline, without errors, as narrow as a phone, with colours that can be read."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

import eolearn.visualization

STYLE = Path(eolearn.visualization.__file__).parent / "report_templates/report.css"


@pytest.fixture
def report(failing_executor):
    executor = failing_executor()
    executor.make_report()
    return Path(executor.get_report_path())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_it_opens_offline_without_errors_and_fits_the_window(browser, report, width, scheme):
    browser.open(report, width, scheme)
    browser.evaluate("document.querySelectorAll('details').forEach(element => element.open = true)")
    assert browser.evaluate("document.querySelectorAll('article').length") == 2
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    methods = [event["method"] for event in browser.events]
    requested = [
        event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert requested == [report.as_uri()]
    assert not {"Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"} & set(methods)


def test_the_names_of_a_run_do_not_run_as_code(browser, report):
    browser.open(report)
    assert browser.evaluate("document.scripts.length") == 0
    assert browser.evaluate("document.body.textContent.includes('<script>alert')")


def test_headings_go_down_by_one_step_and_pictures_have_names(browser, report):
    browser.open(report)
    levels = browser.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(element => +element.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unnamed = "[...document.querySelectorAll('svg')].filter(e => !e.ariaLabel && !e.querySelector('title')).length"
    assert browser.evaluate(unnamed) == 0
    assert browser.evaluate("[...document.querySelectorAll('table')].every(table => table.caption)")


def test_the_page_follows_the_scheme_of_the_system(browser, report):
    grounds = []
    for scheme in ("light", "dark"):
        browser.open(report, scheme=scheme)
        grounds.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    light, dark = (sum(map(int, re.findall(r"\d+", ground)[:3])) for ground in grounds)
    assert light > 600
    assert dark < 100


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("text", ["text", "soft", "bad-text", "link", "string", "number"])
@pytest.mark.parametrize("ground", ["page", "card", "code"])
def test_texts_have_the_contrast_that_wcag_asks(scheme, text, ground):
    light, dark = re.findall(r":root\{(.*?)\}", STYLE.read_text(), flags=re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]+)", (light, dark)[scheme]))
    one, two = sorted((luminance(colours[text]), luminance(colours[ground])))
    assert (two + 0.05) / (one + 0.05) >= 4.5  # level AA, success criterion 1.4.3


def luminance(colour: str) -> float:
    """Return the relative luminance as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
