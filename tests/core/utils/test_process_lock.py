import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from eolearn.core.utils.process_lock import ProcessLock

HOLD = """
import sys, time
from eolearn.core.utils.process_lock import ProcessLock
with ProcessLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of a path until its stdin is closed."""
    path = str(tmp_path / "lock")
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process, path


def enter_in_thread(lock):
    """Enter the lock in a new thread, and return the event that says that this has happened."""
    entered = threading.Event()

    def enter():
        with lock:
            entered.set()

    threading.Thread(target=enter, daemon=True).start()
    return entered


def test_lock_waits_for_another_process(holder):
    process, path = holder
    entered = enter_in_thread(ProcessLock(path))
    assert not entered.wait(0.2)
    process.stdin.close()
    assert entered.wait(30)


def test_lock_of_a_killed_process_is_free(holder):
    process, path = holder
    process.send_signal(signal.SIGKILL)
    assert enter_in_thread(ProcessLock(path)).wait(30)


def test_lock_waits_for_another_thread():
    lock = ProcessLock()
    with lock:
        entered = enter_in_thread(lock)
        assert not entered.wait(0.1)
    assert entered.wait(30)


def test_thread_may_enter_again():
    lock = ProcessLock()
    with lock:
        with lock:
            pass
        entered = enter_in_thread(lock)
        assert not entered.wait(0.1)
    assert entered.wait(30)


def test_lock_that_cannot_be_taken_is_not_held(tmp_path):
    lock = ProcessLock(str(tmp_path / "missing" / "lock"))
    with pytest.raises(FileNotFoundError), lock:
        pass
    (tmp_path / "missing").mkdir()
    assert enter_in_thread(lock).wait(30)


def test_lock_removes_the_file_of_its_own_making_at_exit_but_not_in_a_forked_process(tmp_path):
    code = """
import os, sys
from pathlib import Path
from eolearn.core.utils.process_lock import ProcessLock
lock = ProcessLock()
with lock:
    pass
child = os.fork()
if not child:
    sys.exit()
os.waitpid(child, 0)
assert Path(lock.path).exists()
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert not list(Path(tmp_path).iterdir())
