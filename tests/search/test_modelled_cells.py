"""A search of cells with a latency limit and no board: modelled time refuses, rewards and is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import parse_config
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.tflite import read_bytes
from micronas.search.predicted_latency import source as source_module
from micronas.search.resume import stored_setup
from micronas.search.setup import Setup, prepare
from micronas.store import Record, Store
from micronas.trial import Source
from tests.support.modelled_search import run_untrained_search

BOARD = load_board("nucleo_l4r5zi")
LIMIT_MS, TARGET_MS = 6.0, 2.0
RAW: dict[str, object] = {
    "board": BOARD.name,
    "device": "none",
    "data": {"name": "digits"},
    "space": {"name": "cell", "max_width": 12},
    "strategy": {"name": "random"},
    "constraints": {"latency_ms": LIMIT_MS},
    "reward": {"target_ms": TARGET_MS, "exponent": 0.5, "mode": "soft"},
    "budget": {"trials": 8},
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Setup, list[Record], Path]:
    folder = tmp_path_factory.mktemp("runs") / "cells"
    setup = prepare(parse_config(RAW))
    return setup, run_untrained_search(setup, folder, 8), folder


def test_no_trial_is_slower_than_the_limit_and_slower_proposals_were_refused(
    searched: tuple[Setup, list[Record], Path],
) -> None:
    setup, records, _ = searched
    assert sum(record.rejected for record in records) > 0
    for record in records:
        assert record.trial.scores is not None, record.trial.reason
        assert record.trial.scores.latency is not None
        assert record.trial.scores.latency.ms <= LIMIT_MS
    rng = np.random.default_rng(1)
    slow = next(
        verdict
        for verdict in (setup.gate.verdict(setup.space.sample(rng)) for _ in range(200))
        if not verdict.fits
    )
    assert f"over constraints.latency_ms {LIMIT_MS:g}" in " ".join(slow.reasons)
    assert "modelled, M4, 5 wait states" in " ".join(slow.reasons)


def test_the_reward_is_of_the_modelled_time_of_the_kernels_that_are_deployed(
    searched: tuple[Setup, list[Record], Path],
) -> None:
    setup, records, folder = searched
    with Store.read(folder) as store:
        for record in records:
            scores, tflite = record.trial.scores, store.model(record.trial.number)
            assert scores is not None
            assert scores.latency is not None
            assert tflite is not None
            graph = read_bytes(tflite, "candidate")
            ledger = make_ledger(graph, BOARD, within=setup.budget, prefer=Prefer.LATENCY)
            placed = ledger.ram_code is not None
            full = board_latency(BOARD).of(graph, ledger.lowered, trained=False, ram_code=placed)
            assert scores.latency.source is Source.MODELLED
            assert scores.latency.ms == pytest.approx(full.ms)
            expected = scores.quality_int8 * (TARGET_MS / full.ms) ** 0.5
            assert scores.reward == pytest.approx(expected)


def test_a_resumed_run_keeps_its_source_of_latency(
    searched: tuple[Setup, list[Record], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another version would choose another one."""
    monkeypatch.setattr(source_module, "is_modelled", lambda board: False)
    assert prepare(parse_config(RAW)).net_latency is None
    with Store.read(searched[2]) as store:
        assert store.fact("config")["latency"]["source"] == "modelled"  # type: ignore[index,call-overload]
        again = stored_setup(store)
    assert again.config.latency.source == "modelled"
    assert again.net_latency is not None
