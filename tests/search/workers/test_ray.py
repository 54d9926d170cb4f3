"""Trials as tasks of a Ray cluster: a lost node costs its running trials only, and a new driver resumes.

The three searches of ``ray_search`` share one cluster.
"""

from __future__ import annotations

import functools
import json
import os
import pickle
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.config import DataConfig, parse_config
from micronas.data import load
from micronas.errors import ConfigError, ToolMissingError
from micronas.estimate import full
from micronas.host import plugin
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.search.setup import plug_ins
from micronas.search.workers.ray_executor import RayExecutor
from micronas.search.workers.ray_node import SharedData, run_on_node, with_plug_ins
from micronas.store import Store
from micronas.trial import Outcome
from tests.support import ray_pool, ray_search
from tests.support.forked import run_forked
from tests.support.paths import REPOSITORY
from tests.support.search_fakes import toy_evaluate
from tests.support.toy_loop import make_loop

NODE_NOT_STARTED = "The current node timed out during startup"


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of the searches, and what ``ray_search`` found."""
    deadline_s = time.monotonic() + 700
    while True:
        folder = tmp_path_factory.mktemp("ray")
        done = subprocess.run(
            [sys.executable, "-m", ray_search.__name__, folder],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=deadline_s - time.monotonic(),
        )
        if done.returncode == 0:
            return folder, json.loads(done.stdout.splitlines()[-1])
        # Ray ends a node whose agents do not start in some 20 s, which a busy machine may need.
        assert NODE_NOT_STARTED in done.stderr, done.stderr[-3000:]
        assert time.monotonic() < deadline_s - 100, "Ray starts no nodes on this machine: is it busy?"


@pytest.mark.slow
@pytest.mark.timeout(760)  # Ray starts a dozen processes
def test_a_killed_node_changes_nothing(searched: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    with Store.create(tmp_path / "whole", {}) as store:
        store.begin_session()
        loop = make_loop(store, workers=ray_search.WORKERS, trials=ray_search.TRIALS)
        whole = [record.trial for record in loop.run()]
    folder, said = searched
    starts = sorted(Counter(said["starts"]).values())
    assert starts == [1] * (ray_search.TRIALS - 1) + [2], "only the trial of the lost node ran once more"
    assert said["nodes"] == 2
    with Store.read(folder / "run") as store:
        assert [record.trial for record in store.records()] == whole


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.timeout(760)  # Ray starts a dozen processes
def test_a_whole_search_measures_on_attached_boards_and_survives_its_driver(
    searched: tuple[Path, dict[str, Any]],
) -> None:
    """``device: serial``, ``--ray``: each upload is verified and each output compared, on a board's port."""
    found = searched[1]["whole"]
    assert found["kept"], "the trial that was stored before the driver was killed"
    assert found["outcomes"] == ["COMPLETE"] * 2
    assert {Path(port).name for port in found["measured_on"]} <= {"tty0", "tty1"}
    assert min(found["uploads"]) >= 1, "both boards were compared"
    assert sum(found["uploads"]) >= 4, "two trials, the comparison and the final build"
    assert found["parity"] == {"elements": 320, "mismatches": 0}, "32 samples of ten classes"
    assert "tty0       2         0" in found["said"], "trials and failures of the first board"
    assert {"firmware.elf", "model.tflite", "model_card.md"} <= set(found["files"]), "copied from its node"


@pytest.mark.slow
@pytest.mark.timeout(760)  # Ray starts a dozen processes
def test_measurements_run_where_their_board_is_and_survive_its_node(
    searched: tuple[Path, dict[str, Any]],
) -> None:
    found = searched[1]["pool"]
    first, second = found["ports"]
    assert found["listed"] == [[port, False] for port in sorted(found["ports"])]
    assert found["killed"], "a worker died while it held the second board"
    assert found["outcomes"] == ["COMPLETE"] * ray_pool.TRIALS
    assert {tuple(pair) for pair in found["measured"]} == {
        (first, found["nodes"][0]),
        (second, found["nodes"][1]),
    }
    compared, quarantined = found["said"]
    assert f"board {second} is 8.0 % slower: 1.080 ms, where {first} needs 1.000 ms" in compared
    assert f"board {second} is quarantined after 2 failures in a row" in quarantined
    assert "the node of the board is lost" in quarantined


def test_the_data_travel_without_the_test_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full, "_kept", {})
    config = DataConfig(name="digits")
    dataset = load(config)
    pickle.loads(pickle.dumps(SharedData.of(config, dataset))).keep()
    there = full.cached_dataset(config)
    assert there is not dataset
    assert np.array_equal(there.train.x, dataset.train.x)
    assert np.array_equal(there.validation.y, dataset.validation.y)
    assert (len(there.test), there.digest) == (0, dataset.digest)


def broken() -> Evaluate:
    raise ImportError("no module named tensorflow")


def toy() -> Evaluate:
    return toy_evaluate


def test_a_node_that_cannot_start_a_worker_is_the_machines_fault() -> None:
    task = TrialTask(0, [1] * 6, "k")
    assert run_on_node("good", (toy, None), task, 60.0) == toy_evaluate(task)
    fault = run_on_node("bad", (broken, None), task, 60.0).fault
    assert fault is not None
    assert "no module named tensorflow" in fault.message


def test_a_pickled_plug_in_travels_to_a_node_without_its_file(tmp_path: Path) -> None:
    def halved(quality: float, latency_ms: float | None) -> float:
        return quality / 2

    name = plugin.reference(halved, plugin.Part.REWARD, tmp_path)
    config = parse_config({"reward": {"function": name}})
    files = plugin.contents(plug_ins(config))
    Path(name.removeprefix("pickle:")).unlink()

    def factory() -> Evaluate:
        own = plugin.find(name, plugin.Part.REWARD)
        return lambda task: TrialResult(Outcome.COMPLETE, details={"reward": own(0.5, None)})

    with pytest.raises(ConfigError, match="cannot be read"):
        factory()
    task = TrialTask(0, [1] * 6, "k")
    result = run_on_node("plugged", (functools.partial(with_plug_ins, files, factory), None), task, 60.0)
    assert result.details == {"reward": 0.25}


def test_without_ray_there_is_one_plain_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ToolMissingError, match="executor ray needs Ray, which is not installed") as refusal:
        RayExecutor(toy, address="auto", task_deadline_s=1.0)
    assert "install" in str(refusal.value.remedy)
    assert "ray" in str(refusal.value.remedy)


def test_what_a_cluster_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not count the CPU time of its nodes"):
        parse_config({"executor": "ray", "budget": {"cpu_minutes": 5}})
    with pytest.raises(ConfigError, match="limits memory per node"):
        parse_config({"executor": "ray", "worker_memory_gb": 2})


def test_nothing_of_ray_is_imported_without_it(tmp_path: Path) -> None:
    """The process that forks has all imports of a search and of the command line, and asserts it."""
    assert run_forked(["--version"], tmp_path, os.environ, timeout_s=120).returncode == 0
