"""Rebuilding a trial: what is the same, what differs, and why."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import SearchConfig
from micronas.errors import SearchError
from micronas.estimate.full import Estimate
from micronas.memory.ledger import board_budget
from micronas.model.tflite.writer import write
from micronas.search import rebuild as module
from micronas.search.evaluation.task import TrialTask
from micronas.search.rebuild import Rebuilt, rebuild, task_of
from micronas.store import Record, Store
from micronas.trial import Outcome, Trial
from tests.support.json_page import require_documented
from tests.support.report_run import DEAD, make_run, residual_graph
from tests.support.stored_trials import SCORES


def weights(value: float, *, compressed: bool = True) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **{"0.kernel": np.full(3, value, np.float32)})
    return stream.getvalue()


def estimated(width: int, value: float) -> Estimate:
    return Estimate(write(residual_graph(width)), 0.8, 0.8, 3, 1.0, 100, 1000, weights=weights(value))


class _Space:
    """The networks of the stored run belong to no space: only their keys matter here."""

    def __init__(self, key: str) -> None:
        self._key = key

    def from_json(self, arch: object) -> object:
        return arch

    def key(self, arch: object) -> str:
        return self._key


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    class _Validation:
        x = np.zeros((4, 16, 16, 1), np.float32)

    class _Dataset:
        validation = _Validation

    class _Setup:
        space = _Space("k2")
        dataset = _Dataset
        board = load_board("nucleo_f446re")
        budget = board_budget(board)

    monkeypatch.setattr(module, "prepare", lambda config, board, others: _Setup)
    folder = make_run(tmp_path / "run")
    (folder / "weights").mkdir()
    (folder / "weights" / "trial-2.npz").write_bytes(weights(1.0, compressed=False))
    return folder


def rebuilt(run: Path, estimate: Estimate) -> tuple[Rebuilt, list[TrialTask]]:
    tasks = []

    def train(task: TrialTask, config: SearchConfig, deadline_s: float) -> Estimate:
        tasks.append(task)
        return estimate

    with Store.read(run) as store:
        return rebuild(store, 2, lambda text: None, train=train), tasks


def verdicts(found: Rebuilt) -> dict[str, bool | None]:
    return {one.what: one.same for one in found.compared}


def test_the_same_training_gives_the_same_of_everything(run: Path) -> None:
    found, (task,) = rebuilt(run, estimated(8, 1.0))
    assert verdicts(found) == dict.fromkeys(
        ("architecture", "flash, bytes", "SRAM, bytes", "float weights", "int8 .tflite"), True
    )
    assert found.is_same
    assert found.environment == ()
    assert task.number == 2
    folder = run / "rebuilds" / "trial-2"
    assert (folder / "model.tflite").read_bytes() == write(residual_graph(8))
    kept = json.loads((folder / "rebuild.json").read_text())
    require_documented("rebuild RUN TRIAL", kept)
    assert kept["same"] is True
    assert {"ledger.json", "weights.npz", "c"} <= {path.name for path in folder.iterdir()}


def test_what_differs_is_named_with_the_machine_that_explains_it(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.read(run) as store:
        there = {**store.environment, "tensorflow": "1.0", "processor": "another"}
    monkeypatch.setattr(module, "environment", lambda: there)
    found, _ = rebuilt(run, estimated(10, 2.0))
    assert not found.is_same
    assert verdicts(found)["architecture"] is True
    assert [what for what, same in verdicts(found).items() if same is False] == [
        *("flash, bytes", "SRAM, bytes", "float weights", "int8 .tflite")
    ]
    assert found.environment is not None
    assert len(found.environment) == 2
    assert any(text.startswith("tensorflow ") and text.endswith(", now 1.0") for text in found.environment)


def test_weights_that_were_not_kept_are_not_called_the_same(run: Path) -> None:
    (run / "weights" / "trial-2.npz").unlink()
    found, _ = rebuilt(run, estimated(8, 1.0))
    assert verdicts(found)["float weights"] is None
    assert found.is_same


def test_a_trial_without_a_network_is_refused(run: Path) -> None:
    with Store.read(run) as store, pytest.raises(SearchError, match="no network to build"):
        rebuild(store, DEAD, lambda text: None)


def test_a_task_has_the_curves_that_its_worker_got() -> None:
    records = [
        Record(Trial(n, [n], f"k{n}", Outcome.COMPLETE, SCORES), {"curve": [n / 10]}) for n in range(6)
    ]
    records[1] = Record(records[1].trial, {"curve": [0.0], "repeats_trial": 0})
    assert task_of(records[4], records, workers=1).curves == ((0.0,), (0.2,), (0.3,))
    assert task_of(records[4], records, workers=2).curves == ((0.0,), (0.2,))
    assert task_of(records[0], records, workers=2).curves == ()
