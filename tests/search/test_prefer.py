"""A search with ``prefer: latency``: the gate's promise, and what a trial deploys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import SearchConfig, SpaceConfig
from micronas.memory.ledger import Budget
from micronas.memory.plan.prefer import Prefer
from micronas.model.net import shape_graph
from micronas.model.tflite import read
from micronas.model.tflite.writer import write
from micronas.search.evaluation import placement
from micronas.search.evaluation.task import TrialTask
from micronas.search.gate import LedgerGate
from micronas.space import make_space
from micronas.space.reference.random_weights import random_weights
from tests.support.constant_channels import with_constant_channel
from tests.support.nominal_dataset import NOMINAL_DATASET

BOARD = load_board("nucleo_f446re")
KB = 1024


@pytest.fixture(autouse=True)
def zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    def samples(graph: Any, dataset: Any, count: int) -> Any:
        return [np.zeros((count, *graph.tensors[graph.inputs[0]].shape[1:]), np.int8)]

    monkeypatch.setattr(placement, "parity_samples", samples)


def place(tflite: bytes, **keys: Any) -> Any:
    config = SearchConfig.model_validate({"device": "none", **keys})
    return placement.place(tflite, TrialTask(0, None, "k"), config, BOARD, NOMINAL_DATASET)


def test_the_gate_promises_the_bytes_that_a_trial_deploys() -> None:
    """Of the plan with the arena that grew, which never decides whether a network fits."""
    space = make_space(SpaceConfig(name="layerwise"), (49, 10, 1), 12)
    budget = Budget(256 * KB, 24 * KB)
    plans = (Prefer.LATENCY, Prefer.SRAM)
    gates = {p: LedgerGate(space, BOARD, "micronas", budget, prefer=p) for p in plans}
    archs = [space.sample(np.random.default_rng([5, i])) for i in range(8)]
    fast, small = ([gates[p].verdict(arch).fits for arch in archs] for p in plans)
    assert fast == small == [gates[Prefer.LATENCY].fits(arch) for arch in archs]
    fitting = [arch for arch, fits in zip(archs, fast, strict=True) if fits]
    assert any(gates[Prefer.LATENCY].ledger(arch).plan.grown_bytes for arch in fitting)
    for arch in fitting[:3]:
        promised = gates[Prefer.LATENCY].ledger(arch)
        tflite = write(random_weights(shape_graph(space.net(arch)), seed=1))
        limits = {"flash_kb": 256, "sram_kb": 24}
        placed = place(tflite, prefer="latency", constraints=limits)
        assert placed.sram_bytes == promised.sram_bytes <= budget.sram_bytes


def test_a_trial_is_deployed_without_constant_channels_and_says_so(networks: Path) -> None:
    plain = read(networks / "tiny.tflite")
    with_them, without = write(plain), write(with_constant_channel(plain))
    assert place(with_them).details == {}
    removed = place(without)
    assert removed.flash_bytes < place(with_them).flash_bytes
    (sizes,) = removed.details.values()
    assert sizes["with_them"] - sizes["without"] == 21
    tflm = place(without, runtime="tflm")
    assert tflm.details == {}
    assert tflm.flash_bytes == len(without)
