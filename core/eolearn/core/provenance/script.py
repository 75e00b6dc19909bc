"""A script that makes a saved patch again."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..storage.provenance_file import PROVENANCE_FILENAME, feature_text
from .calls import arguments_source
from .records import ProvenanceNode, ProvenanceRecord, load_provenance

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_WIDTH = 100


def provenance_script(path: str | Path, filesystem: AbstractFileSystem | None = None) -> str:
    """Return a Python script that makes a saved patch again, the way it came to be.

    path: the folder of the patch, a path or a URL that fsspec knows; relative to the filesystem where one is given.

    What could not be kept, secrets and large objects, stands at the top to be filled in. The script saves where the
    patch was saved, with the same permission to overwrite. Raises what :func:`load_provenance` raises.

    Example:
        >>> Path("again.py").write_text(provenance_script("patches/42"))
    """
    records = load_provenance(path, filesystem).records
    lines = ['"""Makes an EOPatch again, the way it came to be."""', "", "from __future__ import annotations"]
    for record in records:
        lines += ["", *_lines_of(record)]
    return "\n".join(lines) + "\n"


def _lines_of(record: ProvenanceRecord) -> Iterator[str]:
    preamble = record.preamble
    eonode = preamble.import_from("eolearn.core.eonode", "EONode")
    eoworkflow = preamble.import_from("eolearn.core.eoworkflow", "EOWorkflow")
    variables = {node.name: preamble.reserve(_snake_case(node.name)) for node in record.nodes}
    nodes = [line for node in record.nodes for line in _node(node, variables, eonode)]
    arguments = {variables[node.name]: _mapping(node.arguments) for node in record.nodes if node.arguments}

    yield from _title(record)
    yield from _imports(preamble.imports.values())
    yield from _placeholders(record)
    for definition in record.definitions.values():
        yield from ["", "", definition, ""] if "\n" in definition else ["", definition]
    yield from ["", *_loaded(record), *nodes, ""]
    yield f"workflow = {eoworkflow}.from_endnodes({variables[record.nodes[-1].name]})"
    items = [f"{node}: {given}" for node, given in arguments.items()]
    yield _within("workflow.execute(", [_within("{", items, "}")], ")") if items else "workflow.execute()"


def _title(record: ProvenanceRecord) -> Iterator[str]:
    """Yield what is good to know before the script is run, as comments."""
    features = [feature_text(feature) for feature in record.features]
    features += [f"some dates of {feature_text(feature)}" for feature in record.partly]
    yield from _comment(f"Saved {record.saved:%Y-%m-%d %H:%M} UTC: {', '.join(features) or 'what was replaced later'}")
    yield from _comment(f"Relative paths start from {record.folder}")
    yield from _comment(f"Versions: {', '.join(f'{name} {version}' for name, version in record.versions.items())}")
    yield ""


def _imports(statements: Iterable[str]) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for statement in sorted(statements):
        start, _, name = statement.partition(" import ")
        if name:
            names.setdefault(start, []).append(name)
        else:
            yield statement
    for start, imported in names.items():
        yield f"{start} import {', '.join(imported)}"


def _placeholders(record: ProvenanceRecord) -> Iterator[str]:
    if not record.placeholders:
        return
    yield from ["", "# To be filled in: secrets, which are not kept, and what is too large to be kept here."]
    for name, placeholder in record.placeholders.items():
        yield from _comment(f"{name}: {placeholder['what']}{_fingerprint(placeholder)}")
        for line in placeholder.get("source", "").splitlines():
            yield f"#     {line}"
        for feature, content in placeholder.get("content", {}).items():
            yield from _comment(f"    {feature}: {content.get('what', '')}{_fingerprint(content)}")
        yield f"{name} = ..."
    names = ", ".join(f"{name!r}: {name}" for name in record.placeholders)
    yield f"missing = [name for name, value in {{{names}}}.items() if value is ...]"
    yield from ["if missing:", "    raise SystemExit(f\"To be filled in first: {', '.join(missing)}\")"]


def _fingerprint(content: Mapping[str, Any]) -> str:
    return f", fingerprint {content['fingerprint']}" if content.get("fingerprint") else ""


def _loaded(record: ProvenanceRecord) -> Iterator[str]:
    for node, loaded in record.loaded.items():
        yield from _comment(f"{node} read these files of {loaded['folder']}:")
        for name, stamp in loaded["files"].items():
            if name == PROVENANCE_FILENAME:
                yield from _comment(f"    {name}, which tells how that patch came to be")
            else:
                told = ", ".join(f"{key} {value}" for key, value in stamp.items())
                yield from _comment(f"    {name}: {told}")


def _comment(text: str) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text.lstrip(), _WIDTH, initial_indent=f"# {indent}", subsequent_indent=f"# {indent}  ") or [
        "#"
    ]


def _node(node: ProvenanceNode, variables: Mapping[str, str], eonode: str) -> Iterator[str]:
    inputs = ", ".join(variables[name] for name in node.inputs)
    rest = [f"[{inputs}]"] if inputs else []
    rest += [f"name={node.name!r}"] if node.name != node.task else []
    task = _within(f"{node.task}(", arguments_source(node.settings), ")")
    yield _within(f"{variables[node.name]} = {eonode}(", [task, *rest], ")")


def _mapping(arguments: Mapping[str, str]) -> str:
    return _within("{", [f"{name!r}: {source}" for name, source in arguments.items()], "}")


def _within(opening: str, items: Sequence[str], closing: str) -> str:
    """Return items in brackets, each on a line of its own where they don't fit on one."""
    line = f"{opening}{', '.join(items)}{closing}"
    if "\n" not in line and (len(line) <= _WIDTH or not items):
        return line
    return "\n".join([opening, *(f"{textwrap.indent(item, '    ')}," for item in items), closing])


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\W+", "_", name)).lower()
