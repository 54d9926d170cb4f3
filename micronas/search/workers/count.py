"""How many workers a search has if its configuration leaves that to the machine."""

from __future__ import annotations

import os

from micronas.config import SearchConfig
from micronas.config.schema import MOST_WORKERS
from micronas.host.machine_memory import machine_memory_bytes
from micronas.search.pool.members import members_here

WORKER_BYTES = 1_000_000_000
"""About what a worker needs: TensorFlow, the data, and what TensorFlow leaks until the worker is replaced."""


def with_workers(config: SearchConfig) -> SearchConfig:
    """``config`` with the number of workers of this machine in place of 0.

    The run stores it: trial n is proposed from the results of the trials up to n - ``workers``, so a run that
    is resumed on another machine must keep it.
    """
    if config.workers:
        return config
    if config.executor == "ray":
        found = workers_in(config.ray_address)
    else:
        found = max(workers_here("qemu" if config.has_pool else config.device), len(members_here(config)))
    return config.model_copy(update={"workers": found})


def workers_in(address: str) -> int:
    """One per core of the Ray cluster at ``address``."""
    from micronas.search.workers.ray_cluster import connected

    return max(1, min(int(connected(address).cluster_resources().get("CPU", 1)), MOST_WORKERS))


def workers_here(device: str) -> int:
    """One per core that this process may use and for which there is memory; one for a single board."""
    if device == "serial":
        return 1
    return max(1, min(_cores(), machine_memory_bytes() // WORKER_BYTES, MOST_WORKERS))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
