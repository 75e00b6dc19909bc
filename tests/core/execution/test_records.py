import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core import EONode, EOTask, EOWorkflow, WorkflowResults
from eolearn.core.eonode import ExceptionInfo, NodeStats, ResourceUsage
from eolearn.core.execution.records import KeptResults, Records


class NothingTask(EOTask):
    def execute(self, *_):
        return None


FIRST = EONode(NothingTask(), name="first")
SECOND = EONode(NothingTask(), inputs=[FIRST], name="second")
WORKFLOW = EOWorkflow([FIRST, SECOND])

usages = st.none() | st.builds(
    ResourceUsage,
    st.floats(0, 1e9),
    *[st.integers(0, 1 << 50)] * 3,
    st.sampled_from(["process", "thread"]),
)


@st.composite
def results_of_workflow(draw):
    times = st.datetimes()
    nodes = [FIRST, SECOND][: draw(st.integers(0, 2))]
    stats = {n.uid: NodeStats(n.uid, n.get_name(), draw(times), draw(times), usage=draw(usages)) for n in nodes}
    return WorkflowResults({}, draw(times), draw(times), stats, draw(st.text()), attempts=draw(st.integers(1, 9)))


@given(results_of_workflow())
def test_record_tells_all_and_travels_as_text(results):
    records = Records(WORKFLOW)
    assert records.results_of(records.record_of(results)) == results
    from_text = records.results_of_text(records.text_of(results))
    assert from_text.skipped
    assert (from_text.stats, from_text.start_time, from_text.worker) == (
        results.stats,
        results.start_time,
        results.worker,
    )


def test_nodes_go_by_their_positions():
    other_first = EONode(NothingTask(), name="renamed")
    other = EOWorkflow([other_first, EONode(NothingTask(), inputs=[other_first])])
    now = dt.datetime(2026, 1, 1)
    text = Records(WORKFLOW).text_of(
        WorkflowResults({}, now, now, {FIRST.uid: NodeStats(FIRST.uid, "first", now, now)})
    )
    assert "first" not in text
    assert list(Records(other).results_of_text(text).stats) == [other_first.uid]


@pytest.mark.parametrize("text", ["", "[]", "3", "null", '["x", "y", "", 1, []]', '[1, 2, "", 1, [[9, 1, 2, null]]]'])
def test_what_is_no_record_is_refused(text):
    with pytest.raises((IndexError, TypeError, ValueError)):
        Records(WORKFLOW).results_of_text(text)


def failed_results():
    now = dt.datetime(2026, 1, 1)
    info = ExceptionInfo(ValueError("no"), "Traceback", "here")
    return WorkflowResults({}, now, now, {FIRST.uid: NodeStats(FIRST.uid, "first", now, now, info)})


@given(st.lists(results_of_workflow(), max_size=5))
def test_kept_results_are_a_list(results):
    results = [*results, failed_results()]
    kept = KeptResults(WORKFLOW, len(results))
    for position, item in enumerate(results):
        kept[position] = item
    assert len(kept) == len(results)
    assert kept == results == list(kept)
    assert results == kept
    assert kept[-1] == results[-1]
    assert kept[1:] == results[1:]
    assert kept != results[:-1]
    assert results[0] in kept
    assert repr(kept) == repr(results)
    assert kept.failed_positions() == [len(results) - 1]
    with pytest.raises(TypeError, match="unhashable"):
        hash(kept)


def test_kept_results_have_no_outputs():
    now = dt.datetime(2026, 1, 1)
    kept = KeptResults(WORKFLOW, 1)
    kept[0] = WorkflowResults({"x": 1}, now, now, {}, skipped=True)
    assert kept[0] == WorkflowResults({}, now, now, {}, skipped=True)
    assert json.dumps(Records(WORKFLOW).text_of(kept[0]))
