"""The workers of a search: processes of this machine, tasks of a cluster, or either with a pool of boards."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from micronas.device.flash import BOARD_DEADLINE_S
from micronas.host.plugin import contents
from micronas.search.evaluation.stages import make_evaluator
from micronas.search.final.winner import HANG_TIMEOUT_FACTOR
from micronas.search.pool.cluster import cluster_members
from micronas.search.pool.executor import OpenExecutor, PoolExecutor
from micronas.search.pool.members import members_here
from micronas.search.pool.state import BoardPool
from micronas.search.profile import SearchProfile
from micronas.search.setup import Setup, plug_ins
from micronas.search.workers.executor import GRACE_S, Executor, ProcessExecutor
from micronas.search.workers.ray_executor import RayExecutor
from micronas.search.workers.ray_node import SharedData, with_plug_ins
from micronas.store import Store
from micronas.store.pool import earlier_failures, keep_pool

WORKER_IMAGE = "micronas.search.workers.image"
"""The module that workers on this machine have imported when they start."""


def profiled(workers: OpenExecutor, profile: SearchProfile | None) -> Executor:
    """``workers``, whose results give their times to ``profile``."""
    if profile is None:
        return workers
    if not isinstance(workers, PoolExecutor):
        return profile.around(workers)
    workers.inside = profile.around(workers.inside)
    return workers


def search_executor(
    setup: Setup,
    store: Store,
    say: Callable[[str], object] = lambda text: None,
    *,
    profile: SearchProfile | None = None,
) -> OpenExecutor:
    """The workers of a search, on this machine or in a cluster; enter it to start them.

    With a ``profile``, their results say how long their stages took. A pool of boards says what happens to
    its boards, and keeps that in ``store``.
    """
    config = setup.config
    if not config.has_pool:
        return _workers(setup, profile, {})
    attached = cluster_members(config, setup.board.name) if config.executor == "ray" else {}
    names = members_here(config) or tuple(attached)
    pool = BoardPool(names, config.pool.quarantine_after, earlier_failures(store))
    keep = functools.partial(keep_pool, store)
    workers = _workers(setup, profile, attached)
    return PoolExecutor(workers, pool, tolerance=config.pool.tolerance, say=say, keep=keep)


def _workers(
    setup: Setup, profile: SearchProfile | None, boards: Mapping[str, str]
) -> ProcessExecutor | RayExecutor:
    """``boards`` are those of a pool that are attached to nodes: id -> custom resource."""
    config = setup.config
    others = tuple((one.config, one.board) for one in setup.others)
    factory = functools.partial(make_evaluator, config, setup.board, *([others] if others else []))
    if profile is not None:
        factory = functools.partial(factory, profile=True)
    grace_s = GRACE_S + (BOARD_DEADLINE_S if config.device == "serial" else 0.0)
    if config.executor == "ray":
        return RayExecutor(
            functools.partial(with_plug_ins, contents(plug_ins(config)), factory),
            address=config.ray_address,
            task_deadline_s=HANG_TIMEOUT_FACTOR * config.estimator.trial_deadline_s,
            data=SharedData.of(config.data, setup.dataset),
            gpus=config.gpus_per_trial,
            boards=boards,
            grace_s=grace_s,
        )
    return ProcessExecutor(
        factory,
        workers=config.workers,
        task_deadline_s=HANG_TIMEOUT_FACTOR * config.estimator.trial_deadline_s,
        grace_s=grace_s,
        memory_bytes=None if config.worker_memory_gb is None else round(1e9 * config.worker_memory_gb),
        image=WORKER_IMAGE,
        started=(lambda time: None) if profile is None else profile.add_start,
    )
