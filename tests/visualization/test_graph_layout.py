"""Drawings of graphs: boxes apart, arrows to the right, few crossings."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from eolearn.visualization.graph_layout import BOX_HEIGHT, _apart, lay_out


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 12))
    edges = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda edge: edge[0] < edge[1])
    widths = draw(st.lists(st.floats(10, 300), min_size=count, max_size=count))
    return widths, draw(st.lists(edges, max_size=20)) if count > 1 else []


@given(graphs())
def test_boxes_lie_within_the_drawing_and_do_not_touch(graph):
    layout = lay_out(*graph)
    for box in layout.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= layout.width
        assert box.y + box.height <= layout.height
    for one, two in combinations(layout.boxes, 2):
        apart_x = one.x + one.width < two.x or two.x + two.width < one.x
        assert apart_x or one.y + one.height < two.y or two.y + two.height < one.y


@given(graphs())
def test_each_different_edge_has_an_arrow_to_the_right_from_box_to_box(graph):
    widths, edges = graph
    layout = lay_out(widths, edges)
    assert len(layout.arrows) == len(set(edges))
    for (start, end), arrow in zip(dict.fromkeys(edges), layout.arrows, strict=True):
        source, target = layout.boxes[start], layout.boxes[end]
        assert arrow[0] == (source.x + source.width, source.y + BOX_HEIGHT / 2)
        assert arrow[-1] == (target.x, target.y + BOX_HEIGHT / 2)
        assert all(np.diff([x for x, _ in arrow]) >= 0)


@given(graphs())
def test_arrows_pass_beside_boxes_at_their_bends(graph):
    layout = lay_out(*graph)
    for arrow in layout.arrows:
        for x, y in arrow[1:-1]:
            assert not any(b.x < x < b.x + b.width and b.y < y < b.y + b.height for b in layout.boxes)


def test_a_chain_is_a_straight_line():
    layout = lay_out([50, 70, 60], [(0, 1), (1, 2)])
    assert len({box.y for box in layout.boxes}) == 1


def test_lines_that_need_not_cross_do_not():
    layout = lay_out([50] * 6, [(0, 5), (1, 4), (2, 3)])
    ends = [layout.boxes[end].y for end in (5, 4, 3)]
    starts = [layout.boxes[start].y for start in (0, 1, 2)]
    assert np.argsort(starts).tolist() == np.argsort(ends).tolist()


def test_a_vertex_without_inputs_stands_before_its_use():
    layout = lay_out([50] * 4, [(0, 1), (1, 2), (3, 2)])
    assert layout.boxes[3].x == layout.boxes[1].x


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20))
def test_places_are_the_nearest_that_do_not_overlap(wanted):
    gap = _apart([0, 0], [8, 8])
    distance = gap[1] - gap[0]
    places = np.array(_apart(wanted, [8] * len(wanted)))
    offsets = np.arange(len(wanted)) * distance
    np.testing.assert_allclose(places, isotonic_regression(np.array(wanted) - offsets).x + offsets, atol=1e-9)
