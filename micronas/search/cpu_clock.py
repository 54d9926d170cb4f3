"""CPU seconds of a run: this process and all its descendants, on all cores.

A budget in CPU time is fair on a shared machine, because it does not count waiting. It includes training in
the workers, supernets that a strategy trains in a separate process, compilers and emulators.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from micronas.train.time_limit import Stopwatch

if TYPE_CHECKING:
    import psutil


class CpuClock:
    """CPU seconds that a run has used: ``before_s`` in earlier sessions, the rest since this was made, or
    since this process and its descendants had used ``start_s``.
    """

    def __init__(self, before_s: float = 0.0, start_s: float | None = None) -> None:
        self._before_s, self._latest_s = before_s, before_s
        self._start_s = tree_cpu_s() if start_s is None else start_s

    def spent_s(self) -> float:
        """Never decreases, even if a child ends between two readings and one of them misses it."""
        self._latest_s = max(self._latest_s, self._before_s + tree_cpu_s() - self._start_s)
        return self._latest_s


@dataclass(frozen=True)
class SharedClock:
    """CPU seconds of a process and its descendants since this was made there; its workers read it, too.

    ``pid`` and ``born_s`` (since the epoch) identify the process, ``used_s`` is what it had used.
    """

    pid: int
    born_s: float
    used_s: float

    @classmethod
    def started(cls) -> SharedClock:
        """Of this process, from now on."""
        import psutil

        return cls(os.getpid(), psutil.Process().create_time(), _tree_s(psutil.Process()))

    def since_s(self) -> float | None:
        """CPU seconds since then; None on another machine, and where the process has ended."""
        import psutil

        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.born_s) > 1.0:
                return None
            return max(0.0, _tree_s(process) - self.used_s)
        except psutil.Error:
            return None


REFRESH_S = 2.0
"""CPU seconds of a worker between two looks at the whole run, which take some milliseconds."""


class RunStopwatch(Stopwatch):
    """A stopwatch in a worker whose CPU seconds are those of the run, the leading process included.

    On a busy machine the leading process waits long, and looking after its workers takes time, too.
    """

    def __init__(self, run: SharedClock) -> None:
        super().__init__()
        self._run, self._start_s = run, run.since_s()
        self._seen_s = self._seen_at_s = 0.0

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the run since the object was created, or of this process if that is all it knows."""
        own_s = super().cpu_s
        if self._start_s is None:
            return own_s
        if own_s - self._seen_at_s >= REFRESH_S and (now_s := self._run.since_s()) is not None:
            self._seen_s, self._seen_at_s = max(self._seen_s, now_s - self._start_s), own_s
        return self._seen_s + own_s - self._seen_at_s


def _tree_s(process: psutil.Process) -> float:
    """Of ``process`` with its children that ended, and of its living descendants."""
    import psutil

    total_s = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total_s += times.user + times.system + times.children_user + times.children_system
    return float(total_s)


def tree_cpu_s() -> float:
    """CPU seconds of this process, of its ended children and of its living descendants."""
    import psutil

    ended = os.times()  # Windows does not count ended children: there a search's budget buys a little more
    total_s = time.process_time() + ended.children_user + ended.children_system
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total_s += times.user + times.system + times.children_user + times.children_system
    return float(total_s)
