"""Runs that end in the middle, in processes of their own, and are resumed. See test_eoexecution.py for the rest."""

import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

SCRIPT = """
import pathlib, sys, time
from eolearn.core import *

class Slow(EOTask):
    def execute(self, number):
        pathlib.Path(f"begun-{number}").touch()
        time.sleep(0.01 if number < 8 or pathlib.Path("be-quick").exists() else SECONDS)

node = EONode(Slow())
arguments = [{node: {"number": number}} for number in range(20)]
executor = EOExecutor(EOWorkflow([node]), arguments, save_logs=True, logs_folder="logs")
executor.run(workers=WORKERS, multiprocess=MULTIPROCESS, resume=True, disable=True)
stats = executor.general_stats
print(stats["skipped"], stats["finished"], stats["failed"])
"""


def script(tmp_path, workers, multiprocess, seconds):
    text = SCRIPT.replace("WORKERS", str(workers)).replace("MULTIPROCESS", str(multiprocess))
    (tmp_path / "script.py").write_text(text.replace("SECONDS", str(seconds)))
    return [sys.executable, "script.py"]


def stopped_when_eight_are_done(command, folder, workers, stop):
    """Return what the process wrote to stderr, and how long it took to end."""
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        while len(list(folder.glob("begun-*"))) < 8 + workers and process.poll() is None:
            time.sleep(0.02)
        time.sleep(1)  # the ledger is written twice a second
        begin = time.monotonic()
        process.send_signal(stop)
        errors = process.communicate(timeout=60)[1]
        return errors, time.monotonic() - begin


def resumed(command, folder):
    (folder / "be-quick").touch()
    for path in folder.glob("begun-*"):
        path.unlink()
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=100)
    assert len(list(folder.glob("begun-*"))) == 12
    return result.stdout


@pytest.mark.parametrize(
    ("workers", "multiprocess", "seconds"), [(1, True, 100), (2, True, 100), (2, False, 2)], ids=str
)
def test_interrupt_leaves_a_whole_ledger_and_whole_logs_and_the_rest_can_be_done(
    tmp_path, workers, multiprocess, seconds
):
    command = script(tmp_path, workers, multiprocess, seconds)
    errors, duration = stopped_when_eight_are_done(command, tmp_path, workers, signal.SIGINT)
    assert duration < 20
    assert re.search(r"^KeyboardInterrupt$", errors, flags=re.MULTILINE)
    with sqlite3.connect(tmp_path / "logs/eoexecution-ledger.sqlite") as database:
        assert database.execute("SELECT COUNT(*) FROM done").fetchone() == (8,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    logs = [path.read_text() for path in sorted(tmp_path.glob("logs/*/*.log"))]
    finished = sum("EOWorkflow execution finished!" in text for text in logs)
    assert finished == 8 if multiprocess else finished >= 8
    assert resumed(command, tmp_path) == "8 20 0\n"


def test_process_that_is_killed_leaves_a_ledger_and_the_rest_can_be_done(tmp_path):
    command = script(tmp_path, 2, True, 2)
    stopped_when_eight_are_done(command, tmp_path, 2, signal.SIGKILL)
    assert resumed(command, tmp_path) == "8 20 0\n"


def test_cells_of_a_notebook_may_be_run_again(tmp_path):
    code = """
        define = '''
        class Add(EOTask):
            def execute(self, number):
                return number + OFFSET
        '''
        run = '''
        add = EONode(Add())
        workflow = EOWorkflow([add, EONode(OutputTask("sum"), inputs=[add])])
        executor = EOExecutor(workflow, [{add: {"number": number}} for number in range(3)], logs_folder="logs")
        results = executor.run(workers=2, resume=True, disable=True)
        print([result.skipped or result.outputs["sum"] for result in results])
        '''
        cells = ["from eolearn.core import *; OFFSET = 10", define, run, define, run, "OFFSET = 20", run]
        cells += [define.replace("+", "-"), run]
        import textwrap
        for number, cell in enumerate(cells):
            exec(compile(textwrap.dedent(cell), f"<cell {number}>", "exec"), globals())
        """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    expected = "[10, 11, 12]\n[True, True, True]\n[20, 21, 22]\n[-20, -19, -18]\n"
    assert (result.stdout, result.stderr) == (expected, "")
