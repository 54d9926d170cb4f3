"""A trial's ledger and C text are made once and handed on, whoever needs them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import micronas.codegen
from micronas.board import load_board
from micronas.config import SearchConfig, SpaceConfig
from micronas.memory import ledger as ledgers
from micronas.memory.ledger import Budget, check
from micronas.model.graph import Graph
from micronas.model.tflite import read
from micronas.search.evaluation import placement
from micronas.search.evaluation.task import TrialTask
from micronas.search.final import build as final_build
from micronas.search.gate import KEPT_LEDGERS, LedgerGate
from micronas.search.subnets import profiling_samples
from micronas.space import make_space
from tests.support.nominal_dataset import NOMINAL_DATASET

BOARD = load_board("nucleo_f446re")


class Counts:
    """How often a ledger of our engine and C text were made, by whichever module."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ledgers = self.texts = 0
        make, write = ledgers.chosen_ledger, micronas.codegen.model_file

        def counted_ledger(*args: Any) -> Any:
            self.ledgers += 1
            return make(*args)

        def counted_text(*args: Any, **named: Any) -> str:
            self.texts += 1
            return write(*args, **named)

        monkeypatch.setattr(ledgers, "chosen_ledger", counted_ledger)
        monkeypatch.setattr(micronas.codegen, "model_file", counted_text)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, firmware_cache: Path) -> Counts:
    def samples(graph: Graph, dataset: Any, count: int) -> Any:
        (tensor,) = graph.inputs
        return [np.zeros((count, *graph.tensors[tensor].shape[1:]), np.int8)]

    monkeypatch.setattr(placement, "parity_samples", samples)
    monkeypatch.setattr(final_build, "parity_samples", samples)
    monkeypatch.setattr(profiling_samples, "parity_samples", samples)
    monkeypatch.setattr("micronas.deploy.deployment.cache_folder", lambda: firmware_cache)
    return Counts(monkeypatch)


def place(model: Path, **config: Any) -> Any:
    task = TrialTask(0, None, "k")
    return placement.place(
        model.read_bytes(), task, SearchConfig.model_validate(config), BOARD, NOMINAL_DATASET
    )


def test_a_trial_without_a_device_has_one_ledger_and_no_c(counts: Counts, networks: Path) -> None:
    place(networks / "tiny.tflite", device="none")
    assert (counts.ledgers, counts.texts) == (1, 0)


@pytest.mark.emulator
@pytest.mark.parametrize("predicts", [False, True])
def test_a_trial_that_runs_has_one_ledger_and_one_text(
    counts: Counts, networks: Path, predicts: bool
) -> None:
    placed = place(networks / "tiny.tflite", device="qemu", latency={"model": predicts})
    assert placed.latency is not None
    assert (counts.ledgers, counts.texts) == (1, 1)


@pytest.mark.emulator
def test_sizes_of_tflite_micro_do_not_take_the_profile_away(counts: Counts, networks: Path) -> None:
    placed = place(networks / "tiny.tflite", device="qemu", runtime="tflm", estimator={"name": "supernet"})
    assert placed.flash_bytes == (networks / "tiny.tflite").stat().st_size
    assert len(placed.details["latency_profile"]["ops"]) == len(read(networks / "tiny.tflite").ops)
    assert (counts.ledgers, counts.texts) == (1, 1)


@pytest.mark.emulator
@pytest.mark.parametrize("device", ["none", "qemu"])
def test_the_result_has_the_c_that_was_built(
    counts: Counts, networks: Path, tmp_path: Path, device: str
) -> None:
    setup: Any = SimpleNamespace(
        config=SearchConfig(device=device),  # type: ignore[arg-type]
        board=BOARD,
        budget=Budget(512 * 1024, 128 * 1024),
        net_latency=None,
        dataset=NOMINAL_DATASET,
    )
    final_build.write_files(setup, (networks / "tiny.tflite").read_bytes(), tmp_path / "best")
    assert (counts.ledgers, counts.texts) == (1, 1)
    assert "mn_the_model" in (tmp_path / "best" / "c" / "mn_model.c").read_text(encoding="utf-8")


def test_the_gate_hands_out_the_ledger_of_its_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    space = make_space(SpaceConfig(), (28, 28, 1), 10)
    gate = LedgerGate(space, BOARD, "micronas", Budget(512 * 1024, 128 * 1024))
    rng = np.random.default_rng(0)
    archs = {space.key(arch): arch for arch in (space.sample(rng) for _ in range(KEPT_LEDGERS + 6))}
    counts = Counts(monkeypatch)
    for arch in archs.values():
        assert gate.verdict(arch) == check(gate.ledger(arch), Budget(512 * 1024, 128 * 1024))
    assert counts.ledgers == len(archs)
    assert len(gate._ledgers) <= KEPT_LEDGERS
