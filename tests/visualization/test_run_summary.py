from __future__ import annotations

from dataclasses import replace

import pytest

from eolearn.visualization.run_summary import summarise


def names_of(executor):
    return {node.uid: node.name for node in executor.workflow.get_nodes()}.__getitem__


def summary_of(executor):
    return summarise(executor, names_of(executor))


def test_times_count_from_the_beginning_of_the_run(made_up_executor):
    summary = summary_of(made_up_executor(4, workers=2, nodes=2))
    assert summary.starts.tolist() == [0, 0, 2, 2]
    assert summary.ends.tolist() == [2, 2, 4, 4]
    assert summary.seconds == 4


def test_runs_of_nodes_have_time_processor_and_memory(made_up_executor):
    nodes = list(summary_of(made_up_executor(3, nodes=2, failing=lambda index: index == 1)).nodes.values())
    assert [node.name for node in nodes] == ["Step 0", "Step 1"]
    assert nodes[0].seconds == [1, 1, 1]
    assert nodes[0].cpu_seconds == [0.5] * 3
    assert nodes[0].memory_peaks == [3e8] * 3
    assert [node.failed for node in nodes] == [0, 1]


def test_what_a_resumed_run_skipped_has_no_times_but_counts(made_up_executor):
    executor = made_up_executor(3, nodes=1)
    executor.execution_results[1] = replace(executor.execution_results[1], skipped=True, attempts=2)
    executor.execution_results[2] = replace(executor.execution_results[2], attempts=3)
    summary = summary_of(executor)
    assert summary.skipped.tolist() == [False, True, False]
    assert summary.retried.tolist() == [False, False, True]
    assert len(next(iter(summary.nodes.values())).seconds) == 2


def test_failures_are_grouped_by_node_kind_and_line_the_most_first(failing_executor):
    executor = failing_executor(execution_names=["patch 1", "a 1", "b", "c"], save_logs=False)
    load, divide = summary_of(executor).failures
    assert load.positions == [1]
    assert load.node_name.startswith("Load")
    assert load.exception.startswith("FileNotFoundError: There is no patch")
    assert divide.positions == [2]
    assert divide.node_name == "Divide"
    assert divide.exception == "ZeroDivisionError: division by zero"
    assert divide.origin.startswith("line ")


def test_the_largest_group_comes_first(made_up_executor):
    executor = made_up_executor(5, nodes=1, failing=lambda index: index != 2)
    (group,) = summary_of(executor).failures
    assert group.positions == [0, 1, 3, 4]


def test_before_a_run_there_is_nothing_to_tell(made_up_executor):
    executor = made_up_executor(1)
    executor.general_stats = {}
    with pytest.raises(RuntimeError, match=r"call run\(\) first"):
        summary_of(executor)
