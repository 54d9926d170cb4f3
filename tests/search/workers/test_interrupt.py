"""A signal ends a search at once while its workers, or the process that forks them, import or compute.

The deadlines are generous: without the property, the imports below take longer than all of them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from micronas.host import forking
from micronas.host.forking import ForkingContext
from micronas.search.evaluation.task import TrialTask
from micronas.search.workers.executor import ProcessExecutor
from tests.support import slow_image
from tests.support.paths import REPOSITORY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="POSIX signals and the fork server")
DEADLINE_S = 120.0

DRIVER = """
import signal
import sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
from micronas.cli import _stop_as_by_ctrl_c
from micronas.search.evaluation.task import TrialTask
from micronas.search.workers.executor import ProcessExecutor
from tests.support import search_fakes

_stop_as_by_ctrl_c()
try:
    with ProcessExecutor(
        search_fakes.toy_factory, workers=2, task_deadline_s=600.0, image="tests.support.slow_image"
    ) as executor:
        executor.submit(TrialTask(0, [1] * 6, "k"))
        executor.next_finished(600.0)
except KeyboardInterrupt:
    print("stopped")
    raise SystemExit(130) from None
"""


def waited_for(path: Path) -> int:
    """The process that is named in ``path``, once it is there."""
    end_s = time.monotonic() + DEADLINE_S
    while not path.exists():
        assert time.monotonic() < end_s, f"{path.name} was not written"
        time.sleep(0.02)
    return int(path.read_text())


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_search_whose_workers_are_being_imported(
    sent: signal.Signals, tmp_path: Path
) -> None:
    processes = []
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        cwd=REPOSITORY,
        env={**os.environ, "SLOW_IMPORT": "1", "MARKS": str(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        processes.append(psutil.Process(waited_for(tmp_path / "importing")))
        if sent is signal.SIGINT:
            os.killpg(driver.pid, sent)  # as a terminal does
        else:
            driver.send_signal(sent)
        output, errors = driver.communicate(timeout=DEADLINE_S)
        assert (driver.returncode, output, errors) == (130, "stopped\n", "")
        assert not psutil.wait_procs(processes, timeout=DEADLINE_S)[1]
    finally:
        driver.kill()
        driver.communicate()
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.mark.parametrize("image", ["", slow_image.__name__])
def test_workers_in_native_code_end_by_the_first_signal(
    image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool kills a worker that SIGTERM does not end, but waits for three seconds before."""
    monkeypatch.setenv("MARKS", str(tmp_path))
    with ProcessExecutor(slow_image.busy_factory, workers=1, task_deadline_s=600.0, image=image) as executor:
        executor.submit(TrialTask(0, [1] * 6, "k"))
        waited_for(tmp_path / "starting")
    assert [process.exitcode for process in executor._context._started] == [-signal.SIGTERM]


def test_a_server_that_forks_is_not_killed() -> None:
    """Its workers would count as killed; it ends when they have ended."""
    context = ForkingContext("tests.support.search_fakes")
    process = context.Process(target=os.getpid)
    process.start()
    context.end_importing()
    process.join(DEADLINE_S)
    assert process.exitcode == 0
    again = context.Process(target=os.getpid)
    again.start()
    again.join(DEADLINE_S)
    assert again.exitcode == 0


def test_a_server_that_was_ended_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later search of the same process imports again."""
    image = "image_of_its_own"
    (tmp_path / f"{image}.py").write_text(f"import {slow_image.__name__}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("MARKS", str(tmp_path))
    context = ForkingContext(image)
    with monkeypatch.context() as slow:
        slow.setenv("SLOW_IMPORT", "1")
        context.start_server()
        ended = waited_for(tmp_path / "importing")
        context.end_importing()
    process = context.Process(target=os.getpid)
    process.start()
    process.join(DEADLINE_S)
    assert process.exitcode == 0
    assert forking._server(image).pid != ended
