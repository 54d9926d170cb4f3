"""A search on a Ray cluster whose boards hang on two nodes: ``... FOLDER``. Real leases, stand-in boards.

The boards are pseudo terminals of this process; a worker opens the port of the board that it has leased, and
gets its latency over the line. The first worker that measures on the second board is killed; later, the node
of the first board is lost. Prints JSON: messages, trials, and on which node each board was measured.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from micronas.config import parse_config
from micronas.device.client import Client
from micronas.device.serial_link import SerialLink
from micronas.estimate.full import Estimate
from micronas.search.pool.cluster import cluster_boards, cluster_members
from micronas.search.pool.executor import PoolExecutor
from micronas.search.pool.state import Pool
from micronas.search.ray_executor import RayExecutor
from micronas.search.task import Evaluate, TrialResult, TrialTask
from micronas.store import Store
from micronas.store.pool import keep_pool
from micronas.trial import Latency, Outcome, Source, latency_to_json
from tests.support.fake_board import CLOCK_HZ, FakeBoard
from tests.support.ray_search import MEMORY
from tests.support.search_fakes import toy_scores
from tests.support.toy_loop import make_loop

PROFILE, TRIALS, LOST_FROM = "nucleo_f446re", 10, 6
CYCLES = 180_000, 194_400  # 1.00 and 1.08 ms


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
            cycles = Client(link).run(1, 2)[0]
        latency = Latency(1000 * cycles / CLOCK_HZ, Source.EMULATED)
        scores = replace(toy_scores(list(task.arch)), latency=latency)  # type: ignore[arg-type]
        return TrialResult(Outcome.COMPLETE, scores, details={"latency": latency_to_json(latency)})


class HalvesFactory:
    """Made in the driver, called on a node."""

    def __init__(self, notes: Path, victim: str) -> None:
        self._notes, self._victim = notes, victim

    def __call__(self) -> Evaluate:
        return Halves(self._notes, self._victim)


def main(folder: Path) -> None:
    from ray.cluster_utils import Cluster

    boards = [FakeBoard(count_of=lambda n, c=cycles: c).__enter__() for cycles in CYCLES]
    ports = [board.port for board in boards]
    notes = folder / "notes"
    notes.mkdir()
    head = {"num_cpus": 2, "include_dashboard": False, "resources": {f"{PROFILE}:{ports[0]}": 1}, **MEMORY}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    node = cluster.add_node(num_cpus=0, resources={f"{PROFILE}:{ports[1]}": 1}, **MEMORY)
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)

    config = parse_config({"executor": "ray", "device": "serial", "ray_address": cluster.address})
    attached = cluster_members(config, PROFILE)
    listed = [[one.name, one.in_use] for one in cluster_boards(cluster.address, {PROFILE: None})]
    inside = RayExecutor(
        HalvesFactory(notes, ports[1]), address=cluster.address, task_deadline_s=60.0, boards=attached
    )
    with Store.create(folder / "run", {}) as store:
        store.begin_session()
        pool = PoolExecutor(
            inside, Pool(ports, 1), tolerance=0.02, say=say, keep=functools.partial(keep_pool, store)
        )
        with pool:
            records = make_loop(store, executor=pool, workers=2, trials=LOST_FROM).run()
            cluster.remove_node(node, allow_graceful=False)
            records = make_loop(store, executor=pool, workers=2, trials=TRIALS).run()
    cluster.shutdown()
    for board in boards:
        board.unplug()
    print(
        json.dumps(
            {
                "ports": ports,
                "nodes": [cluster.head_node.node_id, node.node_id],
                "listed": listed,
                "said": said,
                "outcomes": [record.trial.outcome.value for record in records],
                "measured": [json.loads(path.read_text()) for path in sorted(notes.glob("*.json"))],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
