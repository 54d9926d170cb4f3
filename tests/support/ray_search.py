"""Searches on a Ray cluster of two nodes on this machine, one of which is killed: ``... FOLDER``.

Prints JSON: the number of each trial, once per start, and the number of nodes on which they ran; and what a
search with a pool of boards found, for which the lost node is replaced.
"""

from __future__ import annotations

import functools
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from micronas.search.ray_executor import RayExecutor
from micronas.search.task import Evaluate, TrialResult, TrialTask
from micronas.store import DATABASE, Record, Store
from tests.support import ray_pool
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


def run(folder: Path, factory: Factory, address: str, trials: int) -> list[Record]:
    """Run or resume."""
    begun = (folder / DATABASE).exists()
    executor = RayExecutor(factory, address=address, task_deadline_s=60.0)
    with executor, Store.resume(folder) if begun else Store.create(folder, {}) as store:
        store.begin_session()
        loop = make_loop(store, executor=executor, workers=WORKERS, trials=trials)
        return loop.run()


def main(folder: Path) -> None:
    from ray.cluster_utils import Cluster

    notes = folder / "notes"
    notes.mkdir()
    boards = ray_pool.Boards().__enter__()
    head = {"num_cpus": 1, "include_dashboard": False, "resources": boards.resources(0), **MEMORY}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    first = cluster.head_node.node_id
    node = cluster.add_node(num_cpus=1, **MEMORY)
    factory = Factory(notes, node.node_id)
    try:
        kill = functools.partial(cluster.remove_node, node, allow_graceful=False)
        threading.Thread(target=kill_once_it_hangs, args=(notes, node.node_id, kill), daemon=True).start()
        run(folder / "run", factory, cluster.address, TRIALS // 2)
        run(folder / "run", factory, cluster.address, TRIALS)  # a driver that was started again
        other = cluster.add_node(num_cpus=0, resources=boards.resources(1), **MEMORY)
        lose = functools.partial(cluster.remove_node, other, allow_graceful=False)
        pool = ray_pool.search_on_two_nodes(cluster.address, boards.ports, folder / "pool", lose)
        pool["nodes"] = [first, other.node_id]
    finally:
        cluster.shutdown()
        boards.__exit__()
    started = notes_of(notes)
    starts, nodes = [number for number, _ in started], {node for _, node in started}
    print(json.dumps({"starts": starts, "nodes": len(nodes), "pool": pool}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
