"""The graph that orders the nodes of a workflow."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.exceptions import EOLearnError
from eolearn.core.graph import CyclicDependencyError, DirectedGraph


@st.composite
def acyclic_edges(draw):
    """Edges, some of them repeated, from a vertex to one of higher rank, of vertices in an order that says nothing."""
    names = draw(st.permutations(range(draw(st.integers(2, 12)))))
    ranks = st.tuples(st.integers(0, len(names) - 1), st.integers(0, len(names) - 1)).filter(
        lambda pair: pair[0] < pair[1]
    )
    return [(names[low], names[high]) for low, high in draw(st.lists(ranks, max_size=40))]


any_edges = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20)


@given(acyclic_edges())
def test_every_edge_leads_forward_in_the_order(edges):
    order = DirectedGraph.from_edges(edges).topologically_ordered_vertices()
    assert sorted(order) == sorted({vertex for edge in edges for vertex in edge})
    assert all(order.index(start) < order.index(end) for start, end in edges)


@given(acyclic_edges())
def test_vertices_that_came_in_order_keep_it(edges):
    order = DirectedGraph.from_edges(edges).topologically_ordered_vertices()
    graph = DirectedGraph(dict.fromkeys(order, ()))
    for edge in edges:
        graph.add_edge(*edge)
    assert graph.topologically_ordered_vertices() == order


def _reaches_itself(edges, vertex):
    """The slow way: follow all edges as long as anything new is met."""
    met = {end for start, end in edges if start == vertex}
    while new := {end for start, end in edges if start in met} - met:
        met |= new
    return vertex in met


@given(any_edges)
def test_a_graph_has_an_order_or_names_a_circle(edges):
    graph = DirectedGraph.from_edges(edges)
    is_cyclic = any(_reaches_itself(edges, start) for start, _ in edges)
    assert DirectedGraph._is_cyclic(graph) == is_cyclic
    if is_cyclic:
        with pytest.raises(CyclicDependencyError) as caught:
            graph.topologically_ordered_vertices()
        circle = caught.value.cycle
        assert len(set(circle)) == len(circle)
        assert all(graph.is_edge(start, end) for start, end in zip(circle, (*circle[1:], circle[0]), strict=True))


@given(any_edges)
def test_degrees_count_the_edges(edges):
    graph = DirectedGraph.from_edges(edges)
    vertices = {vertex for edge in edges for vertex in edge}
    assert graph.get_indegrees() == {vertex: sum(end == vertex for _, end in edges) for vertex in vertices}
    assert graph.get_outdegrees() == {vertex: sum(start == vertex for start, _ in edges) for vertex in vertices}
    assert all(graph.get_indegree(vertex) == count for vertex, count in graph.get_indegrees().items())
    assert all(graph.get_outdegree(vertex) == count for vertex, count in graph.get_outdegrees().items())


@given(any_edges, st.integers(0, 6))
def test_a_graph_without_a_vertex_is_the_graph_of_the_other_edges(edges, vertex):
    graph = DirectedGraph.from_edges(edges)
    was_there = vertex in graph
    assert graph.del_vertex(vertex) is was_there
    left = [edge for edge in edges if vertex not in edge]
    assert vertex not in graph
    assert {start: ends for start, ends in graph.get_adj_dict().items() if ends} == {
        start: [end for begin, end in left if begin == start] for start, _ in left
    }
    assert sum(graph.get_indegrees().values()) == len(left)


def test_among_equals_the_vertex_that_was_added_first_comes_first():
    graph = DirectedGraph({"d": (), "a": (), "c": ["b"], "b": ()})
    assert graph.topologically_ordered_vertices() == ["d", "a", "c", "b"]
    assert DirectedGraph.from_edges([("b", "a"), ("c", "a")]).topologically_ordered_vertices() == ["b", "c", "a"]


def test_a_chain_of_ten_thousand_vertices_has_an_order():
    backwards = DirectedGraph.from_edges((number + 1, number) for number in range(10_000))
    assert backwards.topologically_ordered_vertices() == list(range(10_000, -1, -1))


def test_a_circle_of_ten_thousand_vertices_is_found_behind_a_long_way_in():
    edges = [(number, number + 1) for number in range(20_000)]
    with pytest.raises(CyclicDependencyError) as caught:
        DirectedGraph.from_edges([*edges, (20_000, 10_001)]).topologically_ordered_vertices()
    assert sorted(caught.value.cycle) == list(range(10_001, 20_001))


def test_vertices_behind_a_circle_are_not_blamed():
    graph = DirectedGraph.from_edges([("in", "a"), ("a", "b"), ("b", "a"), ("b", "out"), ("out", "end")])
    with pytest.raises(CyclicDependencyError) as caught:
        graph.topologically_ordered_vertices()
    assert set(caught.value.cycle) == {"a", "b"}
    assert "a -> b -> a" in str(caught.value) or "b -> a -> b" in str(caught.value)


def test_the_error_is_of_both_kinds_and_can_be_pickled():
    error = pickle.loads(pickle.dumps(CyclicDependencyError(["a", "b"])))
    assert isinstance(error, ValueError)
    assert isinstance(error, EOLearnError)
    assert error.cycle == ("a", "b")
    assert "a -> b -> a" in str(error)


def test_a_vertex_with_an_edge_to_itself_is_a_circle():
    assert DirectedGraph._is_cyclic(DirectedGraph({1: [1]}))


def test_an_empty_graph_is_empty():
    graph = DirectedGraph()
    assert len(graph) == 0
    assert graph.get_vertices() == set()
    assert graph.topologically_ordered_vertices() == []


def test_what_only_edges_lead_to_is_a_vertex_too():
    graph = DirectedGraph({1: [2, 2], 3: []})
    assert len(graph) == 3
    assert 2 in graph
    assert graph.get_vertices() == set(graph) == {1, 2, 3}
    assert graph.get_adj_dict() == {1: [2, 2], 3: [], 2: []}


def test_edges_may_be_many_and_are_removed_one_at_a_time():
    graph = DirectedGraph.from_edges([(1, 2), (1, 2)])
    assert graph.is_edge(1, 2)
    assert not graph.is_edge(2, 1)
    assert [graph.del_edge(1, 2) for _ in range(3)] == [True, True, False]
    assert not graph.is_edge(1, 2)
    assert graph.get_indegree(2) == 0
    assert graph.get_vertices() == {1, 2}


def test_a_vertex_is_added_once():
    graph = DirectedGraph()
    assert graph.add_vertex("a")
    assert not graph.add_vertex("a")
    assert list(graph) == ["a"]


def test_an_unknown_vertex_has_nothing():
    graph = DirectedGraph({1: [2]})
    assert graph.get_indegree(5) == graph.get_outdegree(5) == 0
    assert graph.get_neighbors(5) == []
    assert not graph.is_edge(5, 1)
    assert not graph.del_edge(5, 1)
    assert not graph.del_vertex(5)
    assert 5 not in graph


def test_what_is_handed_out_or_in_stays_apart_from_the_graph():
    given_edges = {1: [2]}
    graph = DirectedGraph(given_edges)
    graph.get_neighbors(1).append(3)
    graph.get_adj_dict()[1].append(3)
    graph.get_indegrees()[2] = 7
    given_edges[1].append(3)
    assert graph.get_adj_dict() == {1: [2], 2: []}
    assert graph.get_indegree(2) == 1
