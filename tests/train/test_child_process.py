"""Workers leave Ctrl-C to their parent, also while they start."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from micronas.search.evaluation.task import TrialTask
from micronas.search.workers.executor import ProcessExecutor
from micronas.train.child_process import interrupts_held
from micronas.trial import Outcome
from tests.support import interrupted_start


def test_a_worker_that_is_interrupted_while_it_starts_works_on(capfd: pytest.CaptureFixture[str]) -> None:
    with ProcessExecutor(interrupted_start.factory, workers=1, task_deadline_s=5.0) as executor:
        executor.submit(TrialTask(0, [1] * 6, "k"))
        finished = executor.next_finished(60.0)
    assert finished is not None
    assert finished[1].outcome is Outcome.COMPLETE
    assert "Traceback" not in capfd.readouterr().err


def interrupt_myself() -> None:
    with interrupts_held():
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)  # another thread would not hold it back
        assert signal.SIGINT in signal.sigpending()


def test_an_interrupt_of_the_meantime_reaches_the_parent() -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt_myself()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


TRACKER = """
import os, signal, time
from multiprocessing import resource_tracker
from micronas.train.child_process import interrupts_held
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup ignores it, for these tests too
with interrupts_held():
    pass
for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    os.kill(resource_tracker._resource_tracker._pid, sent)
time.sleep(0.3)
print(resource_tracker._resource_tracker._check_alive(), signal.getsignal(signal.SIGHUP) == signal.SIG_DFL)
"""


def test_a_closed_terminal_leaves_the_resource_tracker_to_its_work() -> None:
    done = subprocess.run([sys.executable, "-c", TRACKER], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("True True\n", "")
