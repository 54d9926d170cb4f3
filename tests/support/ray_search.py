"""Searches on one Ray cluster of two nodes on this machine: ``... FOLDER``; starting a cluster is slow.

A node is killed under the first search and replaced. A whole search measures on boards behind ports, and its
driver is killed. At last a pool of boards loses the second node. Prints JSON: the number of each trial of the
first search, once per start, and the number of nodes on which they ran; and what the other two found.
"""

from __future__ import annotations

import functools
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.pool.cluster import resource_of
from micronas.search.workers.ray_executor import RayExecutor
from micronas.store import Record, Store
from tests.support import ray_pool, ray_whole
from tests.support.attached_boards import PROFILE, AttachedBoards
from tests.support.search_fakes import toy_evaluate
from tests.support.toy_loop import make_loop

TRIALS, FIRST_LOST, WORKERS = 14, 3, 2
MEMORY = {"object_store_memory": 80_000_000, "memory": 500_000_000}


class Worker:
    """Evaluates words, and notes in a folder that it has started one; hangs on the node that will be lost."""

    def __init__(self, notes: Path, lost: str) -> None:
        self._notes, self._lost = notes, lost

    def __call__(self, task: TrialTask) -> TrialResult:
        import ray

        node = ray.get_runtime_context().get_node_id()
        draft = self._notes / f"{task.number}-{time.monotonic_ns()}.new"
        draft.write_text(node)
        draft.rename(draft.with_suffix(""))
        if node == self._lost and task.number >= FIRST_LOST:
            time.sleep(60)
        return toy_evaluate(task)


class Factory:
    """Made in the driver, called on a node."""

    def __init__(self, notes: Path, lost: str) -> None:
        self._notes, self._lost = notes, lost

    def __call__(self) -> Evaluate:
        return Worker(self._notes, self._lost)


def notes_of(notes: Path) -> list[tuple[int, str]]:
    """The number of each started trial, and its node."""
    found = [path for path in notes.iterdir() if not path.suffix]
    return [(int(path.name.partition("-")[0]), path.read_text()) for path in found]


def kill_once_it_hangs(notes: Path, lost: str, kill: Callable[[], object]) -> None:
    """Kill the node while it runs a trial."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(number >= FIRST_LOST and node == lost for number, node in notes_of(notes)):
            kill()
            return
        time.sleep(0.05)


def run(folder: Path, factory: Factory, address: str) -> list[Record]:
    """All trials."""
    executor = RayExecutor(factory, address=address, task_deadline_s=60.0)
    with executor, Store.create(folder, {}) as store:
        store.begin_session()
        return make_loop(store, executor=executor, workers=WORKERS, trials=TRIALS).run()


def search_all(folder: Path, pool_boards: ray_pool.Boards, attached: AttachedBoards) -> dict[str, object]:
    """The three searches; see above."""
    from ray.cluster_utils import Cluster

    def resources(node: int) -> dict[str, int]:
        return {**pool_boards.resources(node), resource_of(PROFILE, attached.ports[node]): 1}

    notes = folder / "notes"
    notes.mkdir()
    head = {"num_cpus": 1, "include_dashboard": False, "resources": resources(0), **MEMORY}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        node = cluster.add_node(num_cpus=1, **MEMORY)
        kill = functools.partial(cluster.remove_node, node, allow_graceful=False)
        threading.Thread(target=kill_once_it_hangs, args=(notes, node.node_id, kill), daemon=True).start()
        run(folder / "run", Factory(notes, node.node_id), cluster.address)
        other = cluster.add_node(num_cpus=0, resources=resources(1), **MEMORY)
        whole = ray_whole.search_and_kill(folder / "whole", cluster.address, attached)
        lose = functools.partial(cluster.remove_node, other, allow_graceful=False)
        pool = ray_pool.search_on_two_nodes(cluster.address, pool_boards.ports, folder / "pool", lose)
        pool["nodes"] = [cluster.head_node.node_id, other.node_id]
    finally:
        cluster.shutdown()
    started = notes_of(notes)
    starts, nodes = [number for number, _ in started], {name for _, name in started}
    return {"starts": starts, "nodes": len(nodes), "whole": whole, "pool": pool}


def main(folder: Path) -> None:
    attached_folder = folder / "attached"
    attached_folder.mkdir()
    with ray_pool.Boards() as boards, AttachedBoards(attached_folder, 2) as attached:
        print(json.dumps(search_all(folder, boards, attached)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
