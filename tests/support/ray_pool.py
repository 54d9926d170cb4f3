"""A search on a Ray cluster whose boards are attached to two nodes: real leases, stand-in boards.

The boards are pseudo terminals of this process; a worker opens the port of the board that it has leased, and
gets its latency over the line. The first worker that measures on the second board is killed; later, the node
of that board is lost.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeAlias

from micronas.config import parse_config
from micronas.device.client import Client
from micronas.device.serial_link import SerialLink
from micronas.estimate.full import Estimate
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.pool.cluster import cluster_boards, cluster_members, resource_of
from micronas.search.pool.executor import PoolExecutor
from micronas.search.pool.state import BoardPool
from micronas.search.workers.ray_executor import RayExecutor
from micronas.store import Store
from micronas.store.pool import keep_pool
from micronas.trial import Latency, Outcome, Source, latency_to_json
from tests.support.fake_board import CLOCK_HZ, FakeBoard
from tests.support.search_fakes import toy_scores
from tests.support.toy_loop import make_loop

PROFILE, TRIALS, LOST_FROM = "nucleo_f446re", 10, 6
CYCLES = 180_000, 194_400  # 1.00 and 1.08 ms

Found: TypeAlias = dict[str, Any]
"""Messages, outcomes of the trials, and on which node each board measured."""


class Halves:
    """Trains in no time; measures over the port of the board."""

    def __init__(self, notes: Path, victim: str) -> None:
        self._notes, self._victim = notes, victim

    def __call__(self, task: TrialTask) -> TrialResult:
        if task.only_train:
            return TrialResult(Outcome.COMPLETE, trained=Estimate(b"x", 0.5, 0.5, 1, 0.1, 1, 1))
        import ray

        port, node = task.pool_board, ray.get_runtime_context().get_node_id()
        mark = self._notes / "killed"
        if port == self._victim and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        (self._notes / f"{task.number}-{time.monotonic_ns()}.json").write_text(json.dumps([port, node]))
        with SerialLink(port, 115_200) as link:  # exclusive: two measurements at once would fail
            _, (cycles,) = Client(link).run(1)
        latency = Latency(1000 * cycles / CLOCK_HZ, Source.EMULATED)
        scores = replace(toy_scores(list(task.arch)), latency=latency)  # type: ignore[arg-type]
        return TrialResult(Outcome.COMPLETE, scores, details={"latency": latency_to_json(latency)})


class HalvesFactory:
    """Made in the driver, called on a node."""

    def __init__(self, notes: Path, victim: str) -> None:
        self._notes, self._victim = notes, victim

    def __call__(self) -> Evaluate:
        return Halves(self._notes, self._victim)


class Boards:
    """Two boards on pseudo terminals of this process."""

    def __enter__(self) -> Self:
        self.boards = [FakeBoard(count_of=lambda n, c=cycles: c).__enter__() for cycles in CYCLES]
        self.ports = [board.port for board in self.boards]
        return self

    def __exit__(self, *_: object) -> None:
        for board in self.boards:
            board.unplug()

    def resources(self, index: int) -> dict[str, int]:
        """Of the node that has the board."""
        return {resource_of(PROFILE, self.ports[index]): 1}


def search_on_two_nodes(address: str, ports: list[str], folder: Path, lose: Callable[[], object]) -> Found:
    """A search on the cluster at ``address``, of which ``lose`` kills the node of the second board."""
    notes, said = folder / "notes", list[str]()
    notes.mkdir(parents=True)
    config = parse_config({"executor": "ray", "device": "serial", "ray_address": address})
    listed = [[one.name, one.in_use] for one in cluster_boards(address, {PROFILE: None})]
    inside = RayExecutor(
        HalvesFactory(notes, ports[1]),
        address=address,
        task_deadline_s=60.0,
        boards=cluster_members(config, PROFILE),
    )
    with Store.create(folder / "run", {}) as store:
        store.begin_session()
        keep = functools.partial(keep_pool, store)
        pool = PoolExecutor(inside, BoardPool(ports, 2), tolerance=0.02, say=said.append, keep=keep)
        with pool:
            make_loop(store, executor=pool, workers=2, trials=LOST_FROM).run()
            lose()
            records = make_loop(store, executor=pool, workers=2, trials=TRIALS).run()
    return {
        "ports": ports,
        "listed": listed,
        "said": said,
        "killed": (notes / "killed").exists(),
        "outcomes": [record.trial.outcome.value for record in records],
        "measured": [json.loads(path.read_text()) for path in sorted(notes.glob("*.json"))],
    }
