"""CPU seconds of a run: this process and all its descendants, on all cores.

A budget in CPU time is fair on a shared machine, because it does not count waiting. It includes training in
the workers, supernets that a strategy trains in a separate process, compilers and emulators.
"""

from __future__ import annotations

import os
import time


class CpuClock:
    """CPU seconds that a run has used: ``before_s`` in earlier sessions, the rest since this was made."""

    def __init__(self, before_s: float = 0.0) -> None:
        self._before_s, self._start_s, self._latest_s = before_s, tree_cpu_s(), before_s

    def spent_s(self) -> float:
        """Never decreases, even if a child ends between two readings and one of them misses it."""
        self._latest_s = max(self._latest_s, self._before_s + tree_cpu_s() - self._start_s)
        return self._latest_s


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
