"""Drawings of workflows, with and without the dot program."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from graphviz import Digraph
from PIL import Image

from eolearn.core import EONode, EOTask, EOWorkflow
from eolearn.visualization.eoworkflow import EOWorkflowVisualization

SVG = "{http://www.w3.org/2000/svg}"


class FooTask(EOTask):
    def execute(self, *data):
        return data


class BarTask(FooTask):
    pass


@pytest.fixture
def workflow():
    first = EONode(FooTask())
    second = EONode(FooTask(), inputs=[first])
    return EOWorkflow([first, second, EONode(BarTask(), inputs=[second])])


@pytest.fixture
def without_dot(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")


def test_the_source_has_an_edge_for_each_input(workflow):
    dot = workflow.get_dot()
    assert isinstance(dot, Digraph)
    assert dot.format == "png"
    assert str(dot).strip() == "digraph {\n\tFooTask_1 -> FooTask_2\n\tFooTask_2 -> BarTask\n}"


def test_a_node_that_is_an_input_twice_has_two_edges_and_one_alone_has_none():
    node = EONode(FooTask())
    workflow = EOWorkflow([node, EONode(BarTask(), inputs=[node, node]), EONode(FooTask(), name="alone")])
    assert str(workflow.get_dot()).count("FooTask -> BarTask") == 2
    assert "alone" not in str(workflow.get_dot())
    assert "alone" in EOWorkflowVisualization(workflow.get_nodes()).get_svg()


def test_a_colon_in_a_name_is_no_port():
    node = EONode(FooTask(), name="load: B02")
    assert ":" not in str(EOWorkflow.from_endnodes(EONode(BarTask(), inputs=[node])).get_dot())


def test_the_dependency_graph_goes_from_left_to_right(workflow):
    assert "rankdir=LR" in str(workflow.dependency_graph())


@pytest.mark.usefixtures("without_dot")
class TestWithoutDot:
    def test_an_svg_has_all_names_escaped(self, tmp_path):
        node = EONode(FooTask(), name="<script>1 & 2</script>")
        workflow = EOWorkflow.from_endnodes(EONode(BarTask(), inputs=[node], name="x ∈ Ω"))
        workflow.dependency_graph(str(tmp_path / "graph.svg"))
        root = ET.parse(tmp_path / "graph.svg").getroot()
        assert [text.text for text in root.iter(f"{SVG}text")] == ["<script>1 & 2</script>", "x ∈ Ω"]
        assert root.find(f"{SVG}title").text
        assert not list(root.iter(f"{SVG}script"))

    @pytest.mark.parametrize("suffix", [".png", ".pdf", ".jpg"])
    def test_other_formats_are_drawn_by_matplotlib(self, workflow, tmp_path, suffix):
        workflow.dependency_graph(tmp_path / f"graph{suffix}")
        assert (tmp_path / f"graph{suffix}").stat().st_size > 1000

    def test_without_an_ending_it_is_a_png_with_something_on_it(self, workflow, tmp_path):
        workflow.dependency_graph(str(tmp_path / "graph"))
        with Image.open(tmp_path / "graph.png") as image:
            assert image.format == "PNG"
            assert len(image.convert("L").getcolors()) > 10

    def test_the_source_is_written_too(self, workflow, tmp_path):
        workflow.dependency_graph(tmp_path / "graph.gv")
        assert (tmp_path / "graph.gv").read_text() == str(workflow.dependency_graph())

    def test_an_unknown_format_is_refused(self, workflow, tmp_path):
        with pytest.raises(ValueError, match=r"can't be drawn as '.xyz'.*only as .*png"):
            workflow.dependency_graph(tmp_path / "graph.xyz")

    def test_a_notebook_shows_it(self, workflow):
        (html,) = workflow.get_dot()._repr_mimebundle_().values()
        assert "FooTask_2" in html
        assert "<svg" in html


def test_where_there_is_dot_it_draws(workflow, tmp_path, monkeypatch):
    program = tmp_path / "bin/dot"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@" > "$0.called"\nfor last; do :; done\ntouch "$last.png"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    workflow.dependency_graph(tmp_path / "graph.png")
    assert "-Tpng" in (tmp_path / "bin/dot.called").read_text()


def test_an_empty_workflow_is_an_empty_picture():
    assert "<text" not in EOWorkflowVisualization([]).get_svg()
