"""Nodes, and the statistics of their runs."""

from __future__ import annotations

import dataclasses
import pickle
import re
import threading
from dataclasses import dataclass
from datetime import datetime

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.eonode import EONode, ExceptionInfo, NodeStats, in_order_of_dependence, linearly_connect_tasks
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import EOLearnError, SettingError


class Sum(EOTask):
    def execute(self, *numbers):
        return sum(numbers)


@dataclass(frozen=True)
class Frozen(EOTask):
    number: int

    def execute(self):
        return self.number


def test_a_node_is_named_after_its_task():
    assert EONode(Sum()).name == "Sum"
    assert EONode(Sum(), name="Add up").name == "Add up"
    assert EONode(Sum(), name="").name == ""


def test_a_number_tells_nodes_of_one_name_apart():
    node = EONode(Sum(), name="Add")
    assert [node.get_name(), node.get_name(suffix_number=0), node.get_name(2)] == ["Add", "Add", "Add_2"]


def test_a_node_has_a_uid_of_its_own():
    task = Sum()
    first, second = EONode(task), EONode(task)
    assert re.fullmatch(r"Sum-[0-9a-f]{20}-[0-9a-f]{12}", first.uid)
    assert first.uid != second.uid
    assert first != second
    assert len({first, second, first}) == 2
    assert hash(first) == hash(first.uid)
    assert first != first.uid


def test_inputs_become_a_tuple():
    source = EONode(Sum())
    assert EONode(Sum(), inputs=[source, source]).inputs == (source, source)
    assert source.inputs == ()


@pytest.mark.parametrize("task", [Sum, None, lambda patch: patch])
def test_what_is_no_task_is_refused(task):
    with pytest.raises(SettingError, match=re.escape(repr(task))):
        EONode(task)


@pytest.mark.parametrize("inputs", [EONode(Sum()), [Sum()], {EONode(Sum())}, "Sum", None, (n for n in ())])
def test_inputs_that_are_no_list_of_nodes_are_refused(inputs):
    with pytest.raises(SettingError, match=re.escape(repr(inputs))):
        EONode(Sum(), inputs=inputs)


def test_a_node_is_frozen():
    node = EONode(Sum())
    with pytest.raises(dataclasses.FrozenInstanceError):
        node.name = "other"
    object.__setattr__(node, "name", "other")
    assert node.name == "other"


def test_a_node_shows_its_task_the_names_of_its_inputs_and_its_name():
    node = EONode(Frozen(3), inputs=[EONode(Sum(), name="a"), EONode(Sum())], name="b")
    assert repr(node) == "EONode(task=Frozen(number=3), inputs=('a', 'Sum'), name='b')"


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_an_unpickled_node_has_the_same_uid_and_equals_the_original_if_the_tasks_do(dumps):
    by_identity, by_value = EONode(Sum()), EONode(Frozen(3))
    for node in (by_identity, by_value):
        clone = pickle.loads(dumps(node))
        assert clone.uid == node.uid
        assert hash(clone) == hash(node)
    assert pickle.loads(dumps(by_identity)) != by_identity
    assert pickle.loads(dumps(by_value)) == by_value


def branching(depth):
    """A chain in which every node takes the one before twice: 2 ** depth ways lead to the first one."""
    node = EONode(Sum())
    for _ in range(depth):
        node = EONode(Sum(), inputs=[node, node])
    return node


def test_deep_graphs_with_shared_branches_take_no_recursion():
    node = branching(10_000)
    assert len(node.get_dependencies()) == 10_001
    assert hash(node) == hash(node.uid)
    assert node == node
    assert repr(node).count("Sum") < 10


def test_dependencies_include_the_node_itself():
    first = EONode(Sum())
    second = EONode(Sum(), inputs=[first])
    third = EONode(Sum(), inputs=[first, second])
    EONode(Sum(), inputs=[third])
    assert first.get_dependencies() == {first}
    assert third.get_dependencies() == {first, second, third}


@st.composite
def nodes_of_a_graph(draw):
    nodes = []
    for _ in range(draw(st.integers(1, 10))):
        nodes.append(EONode(Sum(), inputs=draw(st.lists(st.sampled_from(nodes), max_size=4)) if nodes else ()))
    return nodes


@given(nodes_of_a_graph(), st.data())
def test_nodes_come_once_and_after_their_inputs(nodes, data):
    endnodes = data.draw(st.lists(st.sampled_from(nodes)))
    ordered = in_order_of_dependence(endnodes)
    expected = set().union(*(node.get_dependencies() for node in endnodes))
    assert len(ordered) == len(set(ordered))
    assert set(ordered) == expected
    assert all(ordered.index(source) < ordered.index(node) for node in ordered for source in node.inputs)


def test_tasks_are_connected_in_a_line():
    tasks = [Sum(), Frozen(3), Sum()]
    nodes = linearly_connect_tasks(tasks[0], (tasks[1], "three"), tasks[2])
    assert [node.task for node in nodes] == tasks
    assert [node.name for node in nodes] == ["Sum", "three", "Sum"]
    assert [node.inputs for node in nodes] == [(), (nodes[0],), (nodes[1],)]
    assert linearly_connect_tasks() == []


@pytest.mark.parametrize("item", [3, Sum, (Sum(), 3), ("name", Sum()), (Sum(),)])
def test_only_tasks_can_be_connected(item):
    with pytest.raises(TypeError, match=re.escape(repr(item))):
        linearly_connect_tasks(Sum(), item)


def raised(exception):
    """Return the exception as it comes out of a function, with a cause."""
    try:
        try:
            raise LookupError("cause")
        except LookupError as cause:
            raise exception from cause
    except type(exception) as error:
        return error


class TwoArgumentsError(Exception):
    """Can be pickled, but not unpickled: its constructor wants what ``args`` doesn't hold."""

    def __init__(self, what, where):
        super().__init__(f"{what} in {where}")


class WithLockError(Exception):
    """Can't be pickled."""

    def __init__(self):
        super().__init__("locked")
        self.lock = threading.Lock()


def test_an_exception_is_described_by_traceback_and_origin():
    info = ExceptionInfo.from_exception(raised(ValueError("boom")))
    assert isinstance(info.exception, ValueError)
    assert info.traceback.startswith("Traceback")
    assert "LookupError: cause" in info.traceback
    assert info.traceback.rstrip().endswith("ValueError: boom")
    line = raised.__code__.co_firstlineno + 6
    assert info.origin == f"line {line} in {__file__}."


def test_a_described_exception_holds_no_frames():
    error = ExceptionInfo.from_exception(raised(ValueError("boom"))).exception
    assert error.__traceback__ is None
    assert isinstance(error.__cause__, LookupError)
    assert error.__cause__.__traceback__ is None


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_statistics_can_be_pickled(dumps):
    info = ExceptionInfo.from_exception(raised(ValueError("boom")))
    stats = NodeStats("Sum-1", "Sum", datetime(2026, 1, 1), datetime(2026, 1, 2), info)
    clone = pickle.loads(dumps(stats))
    assert dataclasses.replace(clone, exception_info=None) == dataclasses.replace(stats, exception_info=None)
    assert type(clone.exception_info.exception) is ValueError
    assert clone.exception_info.exception.args == ("boom",)
    assert clone.exception_info.traceback == info.traceback
    assert clone.exception_info.origin == info.origin


@pytest.mark.parametrize("exception", [TwoArgumentsError("a mouse", "the house"), WithLockError()])
def test_a_text_stands_in_for_an_exception_that_can_not_be_pickled(exception):
    info = ExceptionInfo.from_exception(raised(exception))
    clone = pickle.loads(pickle.dumps(info))
    assert type(clone.exception) is EOLearnError
    assert str(clone.exception).endswith(f"{type(exception).__name__}: {exception}")
    assert clone.traceback == info.traceback


def test_an_exception_of_a_class_from_a_notebook_can_be_pickled():
    class LocalError(Exception):
        pass

    assert str(pickle.loads(pickle.dumps(ExceptionInfo(LocalError("boom"), "", ""))).exception) == "boom"
