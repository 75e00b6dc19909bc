"""Reports: what is told of a run, nothing that could run as code, no secrets, small for large runs."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from eolearn.core import EOExecutor, EONode, EOTask, EOWorkflow
from eolearn.core.exceptions import NotRunYet, StorageError
from eolearn.visualization.eoexecutor import EOExecutorVisualization

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """The elements of a page, each closed as it was opened, and its text."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] != "style":
            self.text += data

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def report_of(executor: EOExecutor, **settings) -> Page:
    executor.make_report(**settings)
    return Page(executor.filesystem.read_text(executor.get_report_path(full_path=False), encoding="utf-8"))


def words(page: Page) -> str:
    return " ".join(page.text.split())


class TestContent:
    def test_the_summary_counts_executions(self, failing_executor):
        text = words(report_of(failing_executor()))
        assert "2 of 4 executions failed" in text
        assert "2finished 2failed 0skipped 0retried" in text

    def test_failures_have_their_error_names_and_traceback(self, failing_executor):
        text = words(report_of(failing_executor()))
        assert "1 failed in Divide" in text
        assert "ZeroDivisionError: division by zero" in text
        assert "Traceback (most recent call last)" in text
        assert "return 1 / (int(name[-1]) - 2)" in text

    def test_a_run_without_failures_says_so(self, made_up_executor):
        text = words(report_of(made_up_executor(3)))
        assert "All 3 executions succeeded" in text
        assert "Grouped by the node" not in text

    def test_nodes_have_times_processor_memory_settings_and_a_graph(self, made_up_executor):
        page = report_of(made_up_executor(3))
        assert re.search(r"Step 0\s*3\s*0\s*1 s\s*1 s\s*1 s\s*3 s\s*1.5 s\s*300 MB", page.text)
        assert "300 MB, half of the runs" in str(page.elements)
        assert "The nodes of the workflow" in page.text

    def test_executions_have_arguments_and_their_place(self, failing_executor):
        page = report_of(failing_executor())
        assert "<ndarray (3, 4) float64>" in page.text
        assert {f"execution-{number}" for number in (1, 2, 3, 4)} <= {e.get("id") for e in page.named("details")}

    def test_links_within_the_page_lead_somewhere(self, failing_executor):
        page = report_of(failing_executor())
        targets = {attributes.get("id") for _, attributes in page.elements}
        links = {link["href"][1:] for link in page.named("a") if link["href"].startswith("#")}
        assert "execution-2" in links
        assert links <= targets

    def test_skipped_and_retried_executions_are_marked(self, made_up_executor):
        from dataclasses import replace

        executor = made_up_executor(3)
        first, second, third = executor.execution_results
        executor.execution_results = [replace(first, skipped=True), replace(second, attempts=3), third]
        text = words(report_of(executor))
        assert "2finished 0failed 1skipped 1retried" in text
        assert "3 attempts" in text
        assert "in an earlier run" in text

    def test_engine_workers_and_versions_are_told(self, made_up_executor):
        text = words(report_of(made_up_executor(3)))
        assert "Engineprocesses" in text
        assert "busy 75% of the time" in text  # three of the four places of two workers in two rounds
        assert "eo-learn-core" in text

    def test_a_run_of_nothing_has_a_report(self, made_up_executor):
        assert "Nothing was to be done" in words(report_of(made_up_executor(0)))

    def test_names_may_be_of_any_type(self, failing_executor):
        page = report_of(failing_executor(execution_names=[1, ("a", 2), None, 2.5]))
        assert "('a', 2)" in page.text

    def test_a_failure_outside_of_the_tasks_is_told(self, made_up_executor):
        from dataclasses import replace

        from eolearn.core.eonode import ExceptionInfo, NodeStats
        from eolearn.core.exceptions import WorkerDied

        executor = made_up_executor(2)
        result = executor.execution_results[0]
        info = ExceptionInfo(WorkerDied("killed by signal 9"), "killed", "outside of the tasks.")
        stats = NodeStats("", "outside of the tasks", result.start_time, result.end_time, info)
        executor.execution_results[0] = replace(result, stats={"": stats}, worker="")
        text = words(report_of(executor))
        assert "1 failed in outside of the tasks" in text
        assert "killed by signal 9" in text


class TestSafety:
    def test_nothing_of_the_data_becomes_markup(self, failing_executor):
        page = report_of(failing_executor())
        assert not page.named("script")
        assert not page.named("img")
        assert "<script>alert('x')</script>" in page.text
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]

    def test_nothing_is_fetched_from_elsewhere(self, failing_executor):
        page = report_of(failing_executor())
        assert not page.named("link")
        for _, attributes in page.elements:
            assert "src" not in attributes
            assert not re.match("https?:|//|javascript:", attributes.get("href") or "")
        policy = next(meta["content"] for meta in page.named("meta") if "http-equiv" in meta)
        assert policy.startswith("default-src 'none'")

    def test_secrets_are_masked_in_settings_arguments_messages_and_names(self, tmp_path):
        class Fetch(EOTask):
            def __init__(self, url, client_secret):
                self.url = url

            def execute(self, *, token, url):
                raise OSError(f"403: https://host/?X-Amz-Signature=beefbeefbeefbeef12, password='{token}'")

        node = EONode(Fetch("https://me:my-pass@host", client_secret="one-secret"))
        arguments = {"token": "two-secret", "url": "s3://bucket?sig=abcdefgh12345678abcdefgh"}
        executor = EOExecutor(
            EOWorkflow([node]),
            [{node: arguments}],
            save_logs=True,
            logs_folder=str(tmp_path),
            execution_names=["run token=three-secret1"],
        )
        executor.run(disable=True)
        text = report_of(executor).text
        assert "***" in text
        for secret in ("my-pass", "one-secret", "two-secret", "beefbeef", "abcdefgh12345678", "three-secret1"):
            assert secret not in text

    def test_an_unpickled_task_has_its_settings_masked(self, made_up_executor):
        import pickle

        executor = made_up_executor(1)
        task = executor.workflow.get_nodes()[0].task
        object.__setattr__(
            task, "_private_task_config", type(task.private_task_config)({"password": "secret-1", "n": 2})
        )
        object.__setattr__(task, "_private_task_config", pickle.loads(pickle.dumps(task.private_task_config)))
        text = report_of(executor).text
        assert "secret-1" not in text
        assert re.search(r"password\s*\*\*\*", text)

    def test_texts_that_can_not_be_encoded_are_written_with_marks(self, made_up_executor):
        executor = made_up_executor(1)
        executor.execution_names = ["half a pair \ud800"]
        assert "half a pair ?" in report_of(executor).text


class TestLogs:
    def test_small_logs_are_in_the_report(self, failing_executor):
        assert "EOWorkflow execution finished!" in report_of(failing_executor()).text

    def test_left_out_logs_are_links_to_the_files(self, failing_executor):
        executor = failing_executor(execution_names=["a b?", "c#1", "ü1", "d0"])
        page = report_of(executor, include_logs=False)
        assert "EOWorkflow execution" not in page.text
        links = [unquote(link["href"]) for link in page.named("a") if not link["href"].startswith("#")]
        assert links == [Path(path).name for path in executor.get_log_paths()]
        assert links[0] == "eoexecution-a b?.log"

    def test_large_logs_are_links(self, failing_executor):
        executor = failing_executor()
        Path(executor.get_log_paths()[0]).write_text("x" * 10_001)
        page = report_of(executor)
        assert "xxxx" not in page.text
        assert len([link for link in page.named("a") if ".log" in link["href"]]) == 4

    def test_a_lost_log_is_told_of(self, failing_executor):
        executor = failing_executor()
        Path(executor.get_log_paths()[0]).unlink()
        assert "The log can't be read: FileNotFoundError" in report_of(executor).text

    def test_without_logs_the_report_says_so(self, failing_executor):
        assert "No logs saved" in report_of(failing_executor(save_logs=False)).text


class TestFile:
    def test_it_goes_through_the_filesystem_of_the_executor(self, failing_executor):
        filesystem = MemoryFileSystem()
        executor = failing_executor(filesystem=filesystem, logs_folder="/reports of a test")
        executor.make_report()
        assert executor.get_report_path(full_path=False).startswith("/reports of a test/eoexecution-report-")
        assert filesystem.read_text(executor.get_report_path(full_path=False)).startswith("<!DOCTYPE html>")

    def test_a_folder_that_can_not_be_written_is_named(self, failing_executor):
        executor = failing_executor(save_logs=False)
        blocked = Path(executor.get_report_path()).parent
        blocked.parent.mkdir(exist_ok=True)
        blocked.write_text("a file in its place")
        with pytest.raises(StorageError, match=r"report.html can't be written: .*logs_folder"):
            executor.make_report()

    def test_before_a_run_there_is_no_report(self):
        class Nothing(EOTask):
            def execute(self):
                pass

        executor = EOExecutor(EOWorkflow([EONode(Nothing())]), [{}])
        with pytest.raises(NotRunYet):
            EOExecutorVisualization(executor).make_report()
        with pytest.raises(RuntimeError):
            executor.make_report()


class TestLargeRuns:
    def test_details_are_of_some_and_names_of_all_that_failed(self, made_up_executor):
        executor = made_up_executor(1000, failing=lambda index: 100 <= index < 300)
        page = report_of(executor)
        details = [e["id"] for e in page.named("details") if "id" in e]
        assert len(details) == 100
        assert all(101 <= int(name.removeprefix("execution-")) <= 300 for name in details)
        assert "patch-100 … patch-299" in page.text
        assert "100 of 1,000: those that failed before others" in words(page)

    def test_of_executions_that_succeeded_the_slowest_are_shown(self, made_up_executor):
        from dataclasses import replace

        executor = made_up_executor(300)
        slow = executor.execution_results[200]
        executor.execution_results[200] = replace(slow, end_time=slow.end_time + timedelta(seconds=5))
        assert "execution-201" in {e.get("id") for e in report_of(executor).named("details")}

    def test_groups_beyond_some_are_counted(self, made_up_executor):
        from dataclasses import replace

        executor = made_up_executor(40, nodes=1, failing=lambda _: True)
        for index, result in enumerate(executor.execution_results):
            stats = {
                uid: replace(stats, exception_info=replace(stats.exception_info, origin=f"line {index}"))
                for uid, stats in result.stats.items()
            }
            executor.execution_results[index] = replace(result, stats=stats)
        page = report_of(executor)
        assert len(page.named("article")) == 30
        assert "And 10 more groups of 10 failures." in page.text

    @pytest.mark.long
    def test_a_report_of_a_hundred_thousand_executions_is_small(self, made_up_executor):
        executor = made_up_executor(100_000, workers=500, nodes=5, failing=lambda index: index % 20 == 7)
        report_of(executor)
        assert Path(executor.get_report_path()).stat().st_size < 1_000_000
