"""``micronas search --ray`` with real trainings: the trials of a local search, resumed in another cluster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from micronas.store import Store
from tests.support.ray_search import MEMORY

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, pytest.mark.timeout(900)]

CONFIG = """
board: nucleo_f446re
data: {name: digits}
space: {max_blocks: 2, max_width: 16}
estimator: {epochs: 1}
final_fit: {epochs: 1, candidates: 1}
budget: {trials: 2}
workers: 1
device: none
seed: 4
"""


@contextmanager
def cluster() -> Iterator[str]:
    """The address of a cluster of one node on this machine."""
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **MEMORY})
    try:
        yield started.address
    finally:
        started.shutdown()


def search(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "micronas", "search", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr


def trials(run: Path) -> list[tuple[object, ...]]:
    with Store.read(run) as store:
        return [(r.trial.key, r.trial.outcome, store.model(r.trial.number)) for r in store.records()]


def test_a_cluster_trains_the_same_networks_and_another_one_resumes(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    (tmp_path / "small.yaml").write_text(CONFIG)
    with cluster() as address:
        search(tmp_path, "small.yaml", "--run", "far", "--ray", address)
    with cluster() as address:
        search(tmp_path, "--resume", "runs/far", "--trials", "3", "--ray", address)
    search(tmp_path, "small.yaml", "--run", "near", "--trials", "3")
    assert trials(tmp_path / "runs" / "far") == trials(tmp_path / "runs" / "near")
