"""Stops workers that exceed the deadline of their task or the memory of a worker.

Both are watched from outside, because a worker that hangs in native code cannot watch itself. Time is
monotonic, and counts only while the watch itself runs: a system clock that jumps, a machine that is suspended
or a search that was stopped with Ctrl-Z must not fail a trial. Memory is the
resident set of the worker: a limit on its address space would count what TensorFlow reserves and never uses.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from micronas.host.machine_memory import machine_memory_bytes

TICK_S = 0.25
MOST_TICK_S = 10.0
"""Between two checks, on a busy machine. After a longer gap this process was stopped, and its workers too."""
MEMORY_SHARE = 0.9
"""Of the machine's memory: what all workers together may use."""


class Running(Protocol):
    """The part of a future that the watch needs."""

    def running(self) -> bool:
        """Whether a worker has started it, and it has not ended."""
        ...

    def cancel(self) -> bool:
        """Stop it, and the worker that runs it."""
        ...


def memory_per_worker(workers: int) -> int:
    """Bytes that one of ``workers`` may use so that the machine's memory suffices for all."""
    return int(MEMORY_SHARE * machine_memory_bytes() / workers)


class WorkerWatch:
    """Call ``check`` regularly; ``start`` does so in a thread."""

    def __init__(
        self,
        pids: Callable[[], Iterable[int]],
        memory_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``pids`` are the processes of the workers now; ``memory_bytes`` limits each of them."""
        self._pids, self._memory_bytes, self._clock = pids, memory_bytes, clock
        self._limits_s: dict[Running, float] = {}
        self._ran_s: dict[Running, float] = {}
        self._checked_s = clock()
        self._late: dict[Running, float] = {}
        self._killed: dict[int, int] = {}
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, task: Running, limit_s: float) -> None:
        """Stop ``task`` when it has run for ``limit_s``."""
        self._limits_s[task] = limit_s

    def remove(self, task: Running, pid: int | None = None) -> str:
        """Forget an ended task; why the watch stopped it or its worker ``pid``, empty if it did not."""
        self._limits_s.pop(task, None)
        self._ran_s.pop(task, None)
        late_s = self._late.pop(task, None)
        used = self._killed.pop(pid, None) if pid is not None else None
        if used is not None:
            return (
                f"the worker used {used / 1e9:.2f} GB of memory, more than its limit of "
                f"{self._memory_bytes / 1e9:.2f} GB, and was stopped (worker_memory_gb, workers)"
            )
        return "" if late_s is None else "exceeded its deadline and was stopped"

    def start(self) -> None:
        """Check every ``TICK_S`` seconds until ``stop``; calling it twice is safe."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="worker watch", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._end.set()

    def check(self) -> None:
        """Stop what is over its limit now."""
        self._check_time()
        self._check_memory()

    def _run(self) -> None:
        while not self._end.wait(TICK_S):
            self.check()

    def _check_time(self) -> None:
        now_s = self._clock()
        step_s, self._checked_s = min(now_s - self._checked_s, MOST_TICK_S), now_s
        for task, limit_s in tuple(self._limits_s.items()):
            if not task.running():
                continue
            ran_s = self._ran_s[task] = self._ran_s[task] + step_s if task in self._ran_s else 0.0
            if ran_s > limit_s:
                self._late[task] = ran_s
                task.cancel()

    def _check_memory(self) -> None:
        import psutil

        for pid in tuple(self._pids()):
            try:
                worker = psutil.Process(pid)
                used = int(worker.memory_info().rss)
                if used > self._memory_bytes:
                    self._killed[pid] = used
                    worker.kill()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
