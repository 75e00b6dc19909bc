"""Workflows: order, arguments, isolation of tasks, memory, failures, logs."""

from __future__ import annotations

import logging
import pickle
import re
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import cloudpickle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.eonode import EONode, linearly_connect_tasks
from eolearn.core.eotask import EOTask
from eolearn.core.eoworkflow import EOWorkflow, WorkflowResults
from eolearn.core.eoworkflow_tasks import InputTask, OutputTask
from eolearn.core.exceptions import EOLearnError, MissingExtra, SettingError
from eolearn.core.graph import CyclicDependencyError

BOX = BBox((0, 0, 100, 100), CRS("32633"))
FEATURE = (FeatureType.DATA_TIMELESS, "A")


class Combine(EOTask):
    """A number that tells in which order which numbers came in."""

    def __init__(self, number=0):
        self.number = number

    def execute(self, *numbers, extra=0):
        return (self.number + extra + sum(place * number for place, number in enumerate(numbers, 2))) % 1_000_003


class Call(EOTask):
    """Calls a function."""

    def __init__(self, function):
        self.function = function

    def execute(self, *args, **kwargs):
        return self.function(*args, **kwargs)


class SetFeature(EOTask):
    def __init__(self, name, value=1.0):
        self.name = name
        self.value = value

    def execute(self, eopatch):
        eopatch[FeatureType.DATA_TIMELESS, self.name] = np.full((2, 2, 1), self.value)
        return eopatch


def fail(*args):
    raise ValueError("boom")


@pytest.fixture
def patch():
    return EOPatch(bbox=BOX, timestamps=["2020-01-01"], data={"BANDS": np.zeros((1, 2, 2, 3))})


@st.composite
def graphs(draw):
    """Nodes with each node after its inputs, some of which it takes twice."""
    nodes = []
    for number in range(draw(st.integers(1, 8))):
        inputs = draw(st.lists(st.sampled_from(nodes), max_size=3)) if nodes else []
        nodes.append(EONode(Combine(number), inputs=inputs))
    return nodes


def evaluate(node, extras):
    """The slow way: every node computes its inputs anew."""
    extra = extras.get(node, {}).get("extra", 0)
    return node.task.execute(*(evaluate(source, extras) for source in node.inputs), extra=extra)


# --- order ---------------------------------------------------------------------------------------------------------


@given(graphs(), st.data())
def test_results_equal_those_of_a_recursive_evaluation(nodes, data):
    extras = {node: {"extra": data.draw(st.integers(1, 99))} for node in data.draw(st.sets(st.sampled_from(nodes)))}
    outputs = [EONode(OutputTask(node.uid), inputs=[node]) for node in nodes]
    workflow = EOWorkflow(data.draw(st.permutations([*nodes, *outputs])))
    results = workflow.execute(extras)
    assert results.outputs == {node.uid: evaluate(node, extras) for node in nodes}
    assert set(results.stats) == {node.uid for node in [*nodes, *outputs]}


@given(graphs(), st.data())
def test_every_node_runs_after_its_inputs(nodes, data):
    ordered = EOWorkflow(data.draw(st.permutations(nodes))).get_nodes()
    assert len(ordered) == len(nodes)
    assert all(ordered.index(source) < ordered.index(node) for node in nodes for source in node.inputs)


@given(graphs())
def test_nodes_that_are_given_in_order_run_in_this_order(nodes):
    workflow = EOWorkflow(nodes)
    assert workflow.get_nodes() == nodes
    assert list(workflow.execute().stats) == [node.uid for node in nodes]


@given(graphs(), st.data())
def test_a_workflow_of_endnodes_takes_in_what_they_need(nodes, data):
    endnodes = data.draw(st.lists(st.sampled_from(nodes)))
    workflow = EOWorkflow.from_endnodes(*endnodes)
    assert set(workflow.get_nodes()) == set().union(*(node.get_dependencies() for node in endnodes))


def test_a_chain_of_ten_thousand_nodes_runs_and_can_be_pickled():
    nodes = linearly_connect_tasks(*[Combine()] * 10_000)
    workflow = pickle.loads(pickle.dumps(EOWorkflow(nodes[::-1])))
    assert [node.uid for node in workflow.get_nodes()] == [node.uid for node in nodes]
    assert len(workflow.execute().stats) == 10_000


def test_an_empty_workflow_does_nothing():
    results = EOWorkflow([]).execute()
    assert (results.outputs, results.stats) == ({}, {})
    assert not results.workflow_failed()
    assert EOWorkflow.from_endnodes().get_nodes() == []


def test_the_graph_of_a_workflow_connects_uids():
    source = EONode(Combine())
    node = EONode(Combine(), inputs=[source, source])
    assert EOWorkflow([node, source]).uid_dag.get_adj_dict() == {source.uid: [node.uid, node.uid], node.uid: []}


def test_the_list_of_nodes_is_a_copy():
    workflow = EOWorkflow([EONode(Combine())])
    workflow.get_nodes().clear()
    assert len(workflow.get_nodes()) == 1


def test_nodes_are_found_by_their_uid():
    node = EONode(Combine())
    workflow = EOWorkflow([node])
    assert workflow.get_node_with_uid(node.uid) is node
    assert workflow.get_node_with_uid("x") is None
    with pytest.raises(KeyError, match=r"1 nodes.*'x'") as caught:
        workflow.get_node_with_uid("x", fail_if_missing=True)
    assert isinstance(caught.value, EOLearnError)


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nodes", [{EONode(Combine())}, iter([EONode(Combine())]), EONode(Combine()), None])
def test_what_is_no_list_of_nodes_is_refused(nodes):
    with pytest.raises(SettingError, match=type(nodes).__name__):
        EOWorkflow(nodes)


@pytest.mark.parametrize("make", [lambda *nodes: EOWorkflow(nodes), EOWorkflow.from_endnodes])
def test_a_task_without_a_node_is_refused(make):
    with pytest.raises(SettingError, match="Combine object"):
        make(EONode(Combine()), Combine())


def test_a_repeated_node_is_refused():
    node = EONode(Combine(), name="again")
    for repeated in (node, pickle.loads(pickle.dumps(node))):
        with pytest.raises(SettingError, match=r"'again'.*twice"):
            EOWorkflow([node, repeated])


def test_an_input_from_outside_is_refused():
    node = EONode(Combine(), inputs=[EONode(Combine(), name="outside")], name="inside")
    with pytest.raises(SettingError, match=r"'outside'.*input of.*'inside'.*from_endnodes"):
        EOWorkflow([node])


def test_nodes_that_wait_for_each_other_are_refused_by_name():
    first = EONode(Combine(), name="first")
    second = EONode(Combine(), inputs=[first], name="second")
    object.__setattr__(first, "inputs", (second,))
    for make in (lambda: EOWorkflow([first, second]), lambda: EOWorkflow.from_endnodes(second)):
        with pytest.raises(CyclicDependencyError, match=r"(first -> second -> first)|(second -> first -> second)"):
            make()


NODE = EONode(Combine(), name="the node")


@pytest.mark.parametrize(
    ("input_kwargs", "message"),
    [
        ([(NODE, {})], "the node"),
        ({"node": {}}, "'node'"),
        ({NODE.uid: {}}, NODE.uid),
        ({NODE.task: {}}, "Combine object"),
        ({NODE: 3}, "the node.*3"),
        ({NODE: [("extra", 3)]}, "the node.*extra"),
        ({NODE: None}, "the node.*None"),
        ({NODE: {"extra": 1, 5: 3}}, r"the node.*\[5\]"),
    ],
    ids=range(8),  # the texts hold uids, which are new in each process
)
def test_arguments_that_are_not_keywords_by_node_are_refused(input_kwargs, message):
    for check in (EOWorkflow.validate_input_kwargs, EOWorkflow([NODE]).execute):
        with pytest.raises(SettingError, match=message):
            check(input_kwargs)


def test_an_argument_that_the_task_does_not_know_is_refused_by_the_task():
    with pytest.raises(TypeError, match="unknown"):
        EOWorkflow([NODE]).execute({NODE: {"unknown": 1}})
    info = EOWorkflow([NODE]).execute({NODE: {"unknown": 1}}, raise_errors=False).stats[NODE.uid].exception_info
    assert isinstance(info.exception, TypeError)


def test_arguments_of_nodes_elsewhere_do_not_matter():
    EOWorkflow([NODE]).execute({EONode(Combine()): {"unknown": 1}})
    EOWorkflow([NODE]).execute({NODE: {}})


# --- isolation and memory ------------------------------------------------------------------------------------------


def test_tasks_that_share_an_input_do_not_disturb_each_other(patch):
    source = EONode(InputTask())
    branches = [EONode(SetFeature("A", value), inputs=[source]) for value in (1.0, 2.0)]
    outputs = [EONode(OutputTask(name), inputs=[node]) for name, node in zip("012", [source, *branches], strict=True)]
    results = EOWorkflow.from_endnodes(*outputs).execute({source: {"value": patch}})
    assert FEATURE not in patch
    assert FEATURE not in results.outputs["0"]
    assert [results.outputs[name][FEATURE][0, 0, 0] for name in "12"] == [1.0, 2.0]
    assert results.outputs["1"].data["BANDS"] is patch.data["BANDS"]


def test_an_eopatch_in_the_arguments_stays_as_it_is(patch):
    node = EONode(SetFeature("A"))
    output = EONode(OutputTask("patch"), inputs=[node])
    results = EOWorkflow([node, output]).execute({node: {"eopatch": patch}})
    assert FEATURE in results.outputs["patch"]
    assert FEATURE not in patch


def test_a_node_that_takes_an_input_twice_gets_two_copies(patch):
    source = EONode(InputTask(patch))
    both = EONode(Call(lambda first, second: (first, second)), inputs=[source, source])
    output = EONode(OutputTask("both"), inputs=[both])
    first, second = EOWorkflow([source, both, output]).execute().outputs["both"]
    assert first == second == patch
    assert len({id(first), id(second), id(patch)}) == 3


def test_timestamps_are_kept_where_no_feature_needs_them():
    patch = EOPatch(bbox=BOX, timestamps=["2020-01-01"])
    nodes = linearly_connect_tasks(InputTask(patch), OutputTask("patch", features=[FeatureType.DATA]))
    assert EOWorkflow(nodes).execute().outputs["patch"].timestamps == [datetime(2020, 1, 1)]


class Data:
    """Something that weak references can point to."""


def test_a_result_is_freed_as_soon_as_no_node_waits_for_it():
    references = {}

    def make(name):
        data = Data()
        references[name] = weakref.ref(data)
        return data

    def alive(*args):
        return {name for name, reference in references.items() if reference()}

    first = EONode(Call(lambda: make("first")))
    second = EONode(Call(lambda data: make("second")), inputs=[first])
    unused = EONode(Call(lambda: make("for nobody")))
    in_between = EONode(Call(alive), inputs=[second, first])
    at_end = EONode(Call(alive), inputs=[in_between])
    outputs = [EONode(OutputTask(node.uid), inputs=[node]) for node in (in_between, at_end)]
    results = EOWorkflow([first, unused, second, in_between, at_end, *outputs]).execute().outputs
    assert results == {in_between.uid: {"first", "second"}, at_end.uid: set()}


def test_a_task_can_free_the_arrays_that_it_replaces(patch):
    def replace(eopatch):
        reference = weakref.ref(eopatch[FEATURE])
        eopatch[FEATURE] = np.zeros((2, 2, 1))
        return reference() is None

    nodes = linearly_connect_tasks(InputTask(patch), SetFeature("A"), Call(replace), OutputTask("was freed"))
    assert EOWorkflow(nodes).execute().outputs["was freed"]


def test_threads_can_run_one_workflow_at_once():
    first = EONode(Combine())
    second = EONode(Combine(), inputs=[first, first])
    workflow = EOWorkflow([first, second, EONode(OutputTask("sum"), inputs=[second])])
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda number: workflow.execute({first: {"extra": number}}), range(200)))
    assert [result.outputs["sum"] for result in results] == [5 * number for number in range(200)]


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_an_unpickled_workflow_takes_arguments_for_the_original_nodes(dumps):
    node = EONode(Combine(3))
    workflow = EOWorkflow([node, EONode(OutputTask("sum"), inputs=[node])])
    clone = pickle.loads(dumps(workflow))
    assert clone.execute({node: {"extra": 4}}).outputs == {"sum": 7}
    assert clone.execute({clone.get_node_with_uid(node.uid): {"extra": 4}}).outputs == {"sum": 7}


# --- results and failures ------------------------------------------------------------------------------------------


def test_results_tell_what_ran_and_when():
    nodes = linearly_connect_tasks((Combine(), "first"), (OutputTask("sum"), "last"))
    before = datetime.now()
    results = EOWorkflow(nodes).execute()
    first, last = (results.stats[node.uid] for node in nodes)
    assert (first.node_uid, first.node_name, last.node_name) == (nodes[0].uid, "first", "last")
    times = [before, results.start_time, first.start_time, first.end_time, last.start_time, last.end_time]
    assert times == sorted(times)
    assert results.end_time >= last.end_time
    assert first.exception_info is None
    assert results.error_node_uid is None


def test_results_without_outputs_are_otherwise_the_same():
    results = EOWorkflow([EONode(OutputTask("sum"), inputs=[NODE]), NODE]).execute()
    dropped = results.drop_outputs()
    assert dropped.outputs == {}
    assert results.outputs == {"sum": 0}
    assert WorkflowResults(results.outputs, dropped.start_time, dropped.end_time, dropped.stats) == results


def test_outputs_may_be_passed_on_and_the_last_of_one_name_wins():
    nodes = linearly_connect_tasks(InputTask(1), OutputTask("a"), OutputTask("b"), Combine(), OutputTask("a"))
    assert EOWorkflow(nodes).execute().outputs == {"b": 1, "a": 2}


@pytest.fixture
def failing():
    source = EONode(Combine(7))
    output = EONode(OutputTask("early"), inputs=[source])
    failed = EONode(Call(fail), inputs=[output], name="wrong")
    after = EONode(OutputTask("late"), inputs=[failed])
    return [source, output, failed, after]


def test_an_error_is_raised(failing):
    with pytest.raises(ValueError, match="boom"):
        EOWorkflow(failing).execute()


def test_an_error_ends_the_execution_and_is_found_in_the_results(failing):
    results = EOWorkflow(failing).execute(raise_errors=False)
    failed = failing[2]
    assert results.workflow_failed()
    assert results.error_node_uid == failed.uid
    assert results.outputs == {"early": 7}
    assert list(results.stats) == [node.uid for node in failing[:3]]
    info = results.stats[failed.uid].exception_info
    assert isinstance(info.exception, ValueError)
    assert info.traceback.startswith("Traceback")
    assert info.origin == f"line {fail.__code__.co_firstlineno + 1} in {__file__}."
    assert results.drop_outputs().error_node_uid == failed.uid
    assert pickle.loads(pickle.dumps(results)).error_node_uid == failed.uid


def test_a_failed_execution_holds_no_data():
    data = Data()
    reference = weakref.ref(data)
    nodes = linearly_connect_tasks(InputTask(), Call(fail))
    results = EOWorkflow(nodes).execute({nodes[0]: {"value": data}}, raise_errors=False)
    del data
    assert results.workflow_failed()
    assert reference() is None


def test_a_keyboard_interrupt_is_always_raised():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        EOWorkflow([EONode(Call(interrupt))]).execute(raise_errors=False)


def test_a_task_that_exits_only_fails():
    results = EOWorkflow([EONode(Call(sys.exit))]).execute(raise_errors=False)
    assert isinstance(results.stats[results.error_node_uid].exception_info.exception, SystemExit)


# --- logs ----------------------------------------------------------------------------------------------------------


def test_each_node_logs_that_it_is_computed_and_removed(caplog):
    nodes = linearly_connect_tasks((InputTask(1), "first"), (Combine(), "second"), (OutputTask("sum"), "third"))
    with caplog.at_level(logging.DEBUG):
        results = EOWorkflow(nodes).execute()
    assert all(record.levelno == logging.DEBUG for record in caplog.records)
    assert [message.partition(" (node uid")[0] for message in caplog.messages] == [
        "Computing first",
        "Computing second",
        "Removing intermediate result of first",
        "Computing third",
        "Removing intermediate result of second",
        "Removing intermediate result of third",
        f"EOWorkflow ended with results {results!r}",
        "EOWorkflow execution finished!",
    ]
    assert nodes[0].uid in caplog.messages[0]


def test_an_error_that_is_not_raised_is_logged_with_its_traceback(failing, caplog):
    with caplog.at_level(logging.DEBUG):
        EOWorkflow(failing).execute(raise_errors=False)
    (record,) = [record for record in caplog.records if record.levelno > logging.DEBUG]
    assert record.levelno == logging.ERROR
    assert re.search(f"wrong.*{failing[2].uid}.*Traceback.*boom", record.getMessage(), re.DOTALL)
    assert caplog.messages[-1] == "EOWorkflow execution failed!"


def test_no_text_is_made_for_logs_that_nobody_reads(caplog):
    made = []

    class Large:
        def __repr__(self):
            made.append("text")
            return "Large"

    nodes = linearly_connect_tasks(InputTask(Large()), OutputTask("large"))
    with caplog.at_level(logging.INFO):
        EOWorkflow(nodes).execute()
    assert made == []


def test_arguments_are_not_logged(caplog):
    node = EONode(InputTask())
    with caplog.at_level(logging.DEBUG):
        EOWorkflow([node]).execute({node: {"value": "a secret"}})
    assert "secret" not in caplog.text


# --- drawings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get_dot", "dependency_graph"])
def test_without_the_extra_a_drawing_says_how_to_install_it(method, monkeypatch):
    monkeypatch.setitem(sys.modules, "eolearn.visualization.eoworkflow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'eo-learn-core\[visualization\]'") as caught:
        getattr(EOWorkflow([NODE]), method)()
    assert isinstance(caught.value, RuntimeError)
