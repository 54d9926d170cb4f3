"""Workers are forked from one process that has imported what they need."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil
import pytest

from micronas.host import forking
from micronas.host.forking import SERVER_ENDED, ForkingContext
from tests.support import forked_work
from tests.support.paths import REPOSITORY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")
IMAGE = forked_work.__name__


def asked(context: Any) -> tuple[int, int, int, str | None, list[str]]:
    here, there = get_context("spawn").Pipe()
    process = context.Process(target=forked_work.answer, args=(there,))
    process.start()
    assert here.poll(60.0)
    found: tuple[int, int, int, str | None, list[str]] = here.recv()
    process.join(60.0)
    assert process.exitcode == 0
    return found


def test_one_server_with_one_thread_imports_for_all_and_its_time_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ForkingContext(IMAGE)
    context.start_server()
    monkeypatch.setenv("FORKED_WORK", "now")
    first = asked(context)
    monkeypatch.delenv("FORKED_WORK")
    second = asked(ForkingContext(IMAGE))
    imported_by, server, threads, variable, path = first
    assert imported_by == server == second[0] == second[1] != os.getpid()
    assert (threads, variable, second[3]) == (1, "now", None), "the parent's environment of that moment"
    assert str(REPOSITORY) in path
    assert context.server_time().cpu_s > 0.0
    assert "FORKED_WORK" not in os.environ
    assert os.environ.get("OPENBLAS_NUM_THREADS") != "1"


def test_a_killed_server_is_replaced_and_its_process_counts_as_killed() -> None:
    context = ForkingContext(IMAGE)
    waits = context.Process(target=time.sleep, args=(60.0,))
    waits.start()
    server = forking._server(IMAGE).pid
    assert server is not None
    assert psutil.Process(waits.pid).ppid() == server
    os.kill(server, signal.SIGKILL)
    waits.join(60.0)
    assert waits.exitcode == SERVER_ENDED
    os.kill(waits.pid or 0, signal.SIGKILL)
    end_s = time.monotonic() + 60.0
    while psutil.Process(server).status() != psutil.STATUS_ZOMBIE and time.monotonic() < end_s:
        time.sleep(0.01)  # closing its pipes is not yet its end
    assert asked(context)[1] not in (server, os.getpid())


@pytest.mark.parametrize("error", [OSError("no folder for a socket"), EOFError()])
def test_without_a_server_processes_are_spawned(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(process: object) -> None:
        raise error

    monkeypatch.setattr(forking, "_popen", fails)
    imported_by, parent, *_ = asked(ForkingContext(IMAGE))
    assert parent == os.getpid()
    assert imported_by not in (parent, forking._server(IMAGE).pid)


DRIVER = """
import sys
from micronas.host.forking import ForkingContext
from tests.support import forked_work
print("ran once", flush=True)
worker = ForkingContext(forked_work.__name__).Process(target=forked_work.say_pid_and_wait, args=sys.argv[1:])
worker.start()
worker.join()
"""


def test_workers_and_server_end_with_a_script_that_is_killed_and_do_not_run_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"  # without a guard: importing it would start the work again
    script.write_text(DRIVER)
    driver = subprocess.Popen(
        [sys.executable, script, tmp_path],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    )
    file, end_s = tmp_path / "pids", time.monotonic() + 60.0
    while not (file.exists() and file.read_text()) and time.monotonic() < end_s:
        time.sleep(0.05)
    processes = [psutil.Process(int(pid)) for pid in file.read_text().split()]
    driver.kill()
    output, _ = driver.communicate(timeout=60.0)
    _, alive = psutil.wait_procs(processes, timeout=60.0)
    assert (alive, output) == ([], "ran once\n")


ONE_SECOND = """
from micronas.host.forking import ForkingContext
from tests.support import forked_work
worker = ForkingContext(forked_work.__name__).Process(target=forked_work.use_a_second)
worker.start()
worker.join()
"""


def test_the_cpu_time_of_ended_workers_is_that_of_the_process_that_began_them() -> None:
    before = os.times()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", ONE_SECOND], env=environment, check=True, timeout=120.0)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used >= 1.0


ABANDONED = """
import os
from multiprocessing.forkserver import read_signed
from micronas.host import forking
sentinel, given = forking._server("json").connect_to_new_process([])
pid = read_signed(sentinel)
os.close(given)
print(read_signed(sentinel))
"""


def test_a_process_that_gets_no_work_ends_without_a_traceback(tmp_path: Path) -> None:
    """As after Ctrl-C while workers start."""
    done = subprocess.run(
        [sys.executable, "-c", ABANDONED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout.strip() != "0", "it ended early"
