"""The main job on a small data set with nothing faked: searched, trained, built, run, killed on the way."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import DataConfig
from micronas.data import load
from micronas.estimate.accuracy import int8_accuracy
from micronas.memory.ledger import Budget, make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.tflite import read
from micronas.search import stored_setup
from micronas.store import Store
from tests.support.json_page import require_documented

pytestmark = [pytest.mark.slow]

CONFIG = """
board: nucleo_f446re
data: {name: digits}
space: {max_blocks: 3, max_width: 16}
strategy: {name: aging_evolution, population: 3, sample: 2}
estimator: {epochs: 2}
final_fit: {epochs: 3}
constraints: {flash_kb: 48, sram_kb: 24}
budget: {trials: 5}
workers: 1
seed: 4
"""


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "micronas", "search", *map(str, arguments)]


def search(folder: Path, *arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        command(*arguments, "--json"), cwd=folder, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    (folder / "small.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, Any]:
    """An uninterrupted run without a device, as JSON."""
    return search(folder, "small.yaml", "--device", "none", "--run", "whole")


def trials(run: Path) -> list[tuple[Any, ...]]:
    """What must repeat: everything but times."""
    with Store.read(run) as store:
        return [
            (t.number, t.key, t.outcome, t.scores.quality_int8 if t.scores else None, store.model(t.number))
            for t in (record.trial for record in store.records())
        ]


NEVER_HAPPENED = {
    *("target_ms", "best_within"),  # a missed target
    *("elf", "map", "machine", "own_chip", "own_elf", "text"),  # a device
    *("board", "front"),  # several boards
    *("workers", "wall_s", "cpu_s", "stages", "stage", "workers_cpu_s", "leader_cpu_s"),  # --profile
    *("proxy", "kendall_tau", "networks", "baseline_tau"),  # a proxy
    *("not_run", "instructions"),  # a front end with C
    *("what", "from", "to", "after_trials"),  # a change of the budget
    *("predicted", "measured", "checked", "worst_error"),  # latency predictions
    *("level", "method"),  # unknown samples
    *("failures", "last_failure", "quarantined", "comparison", "tolerance"),  # a pool of boards
    *("reference_ms", "spread", "latencies_ms", "off"),
    *("refused_untrained", "let_through", "let_through_over"),
}


def test_the_json_has_the_documented_keys(whole: dict[str, Any]) -> None:
    require_documented("search", whole, absent=NEVER_HAPPENED)
    latency = whole["best"]["latency"]
    assert list(latency) == ["ms", "source", "low_ms", "high_ms", "wait_states"]
    assert latency["source"] == "modelled"  # nothing runs without a device, and time is known all the same
    assert latency["low_ms"] < latency["ms"] < latency["high_ms"]
    assert sum(whole["trials"].values()) == 5
    assert sorted(whole["trials"]) == ["complete", "cut", "failed", "infeasible"]


def test_the_best_is_within_budget_by_its_file_and_as_accurate_as_reported(
    whole: dict[str, Any], folder: Path
) -> None:
    best = whole["best"]
    graph = read(folder / best["files"]["tflite"])
    limits = Budget(48 * 1024, 24 * 1024)
    ledger = make_ledger(graph, load_board("nucleo_f446re"), within=limits, prefer=Prefer.LATENCY)
    assert (ledger.flash_bytes, ledger.sram_bytes) == (best["flash_bytes"], best["sram_bytes"])
    assert ledger.flash_bytes <= 48 * 1024
    assert ledger.sram_bytes <= 24 * 1024
    test = load(DataConfig(name="digits")).test.unseal("compare with the report")
    assert int8_accuracy(graph, test.x, test.y).accuracy == best["quality"]["test_int8"]


def test_the_test_split_was_opened_once(whole: dict[str, Any], folder: Path) -> None:
    with Store.read(folder / "runs" / "whole") as store:
        assert store.unsealings() == [f"final figures of trial {whole['best']['trial']}"]


def test_the_best_can_be_rebuilt_from_the_store_alone(whole: dict[str, Any], folder: Path) -> None:
    with Store.read(folder / "runs" / "whole") as store:
        final, setup = store.final(), stored_setup(store)
        assert final is not None
        (record,) = [r for r in store.records() if r.trial.number == whole["best"]["trial"]]
    assert final.tflite == (folder / whole["best"]["files"]["tflite"]).read_bytes()
    net = setup.space.net(setup.space.from_json(record.trial.arch))
    assert record.trial.scores is not None
    assert net.parameters == record.trial.scores.parameters


def test_kill_9_and_resume_give_the_same_trials_and_the_same_winner(
    whole: dict[str, Any], folder: Path
) -> None:
    process = subprocess.Popen(
        command("small.yaml", "--device", "none", "--run", "cut"), cwd=folder, stderr=subprocess.DEVNULL
    )
    wait_for_trials(folder / "runs" / "cut", 2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    assert len(trials(folder / "runs" / "cut")) < 5
    resumed = search(folder, "--resume", "runs/cut")
    assert trials(folder / "runs" / "cut") == trials(folder / "runs" / "whole")
    for key in ("trial", "quality", "flash_bytes", "sram_bytes", "reward"):
        assert resumed["best"][key] == whole["best"][key]
    models = [folder / r["best"]["files"]["tflite"] for r in (whole, resumed)]
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in models}) == 1
    again = search(folder, "--resume", "runs/cut")  # a finished run is only looked up
    assert again == resumed


def wait_for_trials(run: Path, count: int) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        if (run / "run.sqlite").exists() and len(trials(run)) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"no {count} trials in time")


def test_ctrl_c_leaves_a_run_that_goes_on(whole: dict[str, Any], folder: Path) -> None:
    process = subprocess.Popen(
        command("small.yaml", "--device", "none", "--run", "stopped"),
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for_trials(folder / "runs" / "stopped", 1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "micronas search --resume runs/stopped" in said
    assert "Traceback" not in said
    done = trials(folder / "runs" / "stopped")
    assert done == trials(folder / "runs" / "whole")[: len(done)]


@pytest.mark.emulator
def test_with_the_emulator_every_trial_is_built_and_agrees_with_its_ledger(folder: Path) -> None:
    result = search(folder, "small.yaml", "--trials", 2, "--run", "emulated")
    assert result["best"]["latency"]["source"] == "modelled"
    assert sorted(result["best"]["files"]) == [
        *("c", "elf", "front_end", "keras", "labels", "map", "model_card", "tflite")
    ]
    assert all((folder / path).exists() for path in result["best"]["files"].values())
    with Store.read(folder / "runs" / "emulated") as store:
        details: list[Any] = [record.details for record in store.records()]
        final = store.final()
    assert final is not None
    for figures in (*details, final.result["deployment"]):
        assert figures["parity"]["mismatches"] == 0
        assert len(set(figures["sram"].values())) == 1
        assert len(set(figures["flash"]["constants"].values())) == 1
        shares = [op["share"] for op in figures["per_op"]]
        assert np.isclose(sum(shares), 1.0)
