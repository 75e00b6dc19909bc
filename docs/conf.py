"""How sphinx builds the documentation: `make docs`."""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version as version_of
from pathlib import Path

from eolearn.core.exceptions import EODeprecationWarning

warnings.simplefilter("ignore", EODeprecationWarning)  # autodoc looks at each member, and some warn when they are used
sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "eo-learn"
author = "The eo-learn developers"
copyright = f"2026, {author}"
version = release = version_of("eo-learn-core")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "parameter_lists",
    "task_signatures",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = f"eo-learn {release}"
html_static_path = ["_static"]
html_css_files = ["eolearn.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars: dict[str, list[str]] = {"*": []}  # only the reference has pages of its own to list at the side
html_theme_options = {
    "logo": {"text": "eo-learn"},
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
}
