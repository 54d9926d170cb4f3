"""The modelled latency in a search: which source a run has, and what is refused before training."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.board import Core, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.config import SpaceConfig, parse_config
from micronas.errors import BoardError
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Budget, make_ledger
from micronas.model.net import shape_graph
from micronas.search.gate import LedgerGate
from micronas.search.predicted_latency.modelled import NetLatency, modelled_limit
from micronas.search.predicted_latency.prediction import PredictedLatency, corrected, rank_is_uncertain
from micronas.search.predicted_latency.source import latency_source
from micronas.space import Arch, Space, make_space
from micronas.space.reference.random_weights import random_weights
from micronas.trial import Json, Latency, Source, latency_from_json, latency_to_json

BOARD = load_board("nucleo_l4r5zi")
BUDGET = Budget(10**9, 10**9)
CELLS = make_space(SpaceConfig(name="cell", max_width=8), (8, 8, 1), 4)


@pytest.mark.parametrize(
    ("raw", "source"),
    [
        ({}, Source.MODELLED),
        ({"device": "none"}, Source.MODELLED),
        ({"device": "serial"}, Source.MEASURED),
        ({"latency": {"source": "emulated"}}, Source.EMULATED),
        ({"latency": {"model": True}}, Source.EMULATED),
        ({"runtime": "tflm", "device": "none"}, None),
        ({"latency": {"source": "modelled"}, "device": "none"}, Source.MODELLED),
    ],
)
def test_a_run_has_one_source_of_latency(raw: dict[str, object], source: Source | None) -> None:
    assert latency_source(parse_config(raw), BOARD) is source


def test_without_a_model_of_the_core_a_run_falls_back_and_says_so_when_asked_for_one() -> None:
    helium = BOARD.model_copy(update={"core": Core.M55})
    assert latency_source(parse_config({}), helium) is Source.EMULATED
    with pytest.raises(BoardError, match="no timing model of a cortex-m55"):
        latency_source(parse_config({"latency": {"source": "modelled"}}), helium)


def test_the_gate_refuses_what_the_reward_would_call_too_slow() -> None:
    rng = np.random.default_rng(0)
    archs = [CELLS.sample(rng) for _ in range(12)]
    took = {CELLS.key(arch): deployed_ms(CELLS, arch) for arch in archs}
    limit_ms = float(np.median(list(took.values())))
    limit = modelled_limit(board_latency(BOARD), limit_ms)
    gate = LedgerGate(CELLS, BOARD, "micronas", BUDGET, latency=limit)
    for arch in archs:
        ms = took[CELLS.key(arch)]
        verdict = gate.verdict(arch)
        assert gate.fits(arch) == verdict.fits == (ms <= limit_ms)
        if not verdict.fits:
            assert "modelled, M4, 5 wait states" in verdict.reasons[0]
            assert f"over constraints.latency_ms {limit_ms:g}" in verdict.reasons[0]
            assert "raise constraints.latency_ms" in verdict.remedies[0]


def deployed_ms(space: Space, arch: Arch) -> float:
    """Modelled from the ledger that a trial's trained network would be built by."""
    graph = random_weights(shape_graph(space.net(arch)), 3)
    lowered = make_ledger(graph, BOARD).lowered
    return board_latency(BOARD).of(graph, lowered, trained=False).ms


@pytest.mark.parametrize("name", ["layerwise", "cell", "micronets"])
def test_a_candidate_is_priced_by_the_kernels_and_steps_that_are_deployed(name: str) -> None:
    space = make_space(SpaceConfig(name=name, max_width=16), (14, 10, 1), 4)
    gate = LedgerGate(space, BOARD, "micronas", BUDGET)
    latency = NetLatency(space, board_latency(BOARD), gate.deployed)
    rng = np.random.default_rng(7)
    archs = [space.sample(rng) for _ in range(6)]
    assert any("block" in low.kernel for arch in archs for low in gate.deployed(arch).lowered)
    for arch in archs:
        assert latency.of(arch).ms == deployed_ms(space, arch)


def test_the_firmware_is_of_our_kernels_whichever_runtime_counts_the_bytes() -> None:
    arch = CELLS.sample(np.random.default_rng(1))
    kernels = [
        [low.kernel for low in LedgerGate(CELLS, BOARD, runtime, BUDGET).deployed(arch).lowered]
        for runtime in ("micronas", "tflm")
    ]
    assert kernels[0] == kernels[1] != []


def test_without_a_limit_only_bytes_are_refused() -> None:
    assert modelled_limit(board_latency(BOARD), None) is None
    assert modelled_limit(None, 5.0) is None


def test_more_wait_states_and_a_lower_clock_take_longer() -> None:
    graph = shape_graph(CELLS.net(CELLS.sample(np.random.default_rng(1))))
    lowered = lower_graph(graph, Target(BOARD.core))
    flash = BOARD.region("flash")

    def ms(wait_states: int, hz: int) -> float:
        regions = tuple(
            r.model_copy(update={"wait_states": wait_states}) if r == flash else r for r in BOARD.regions
        )
        clock = BOARD.clock.model_copy(update={"hz": hz})
        board = BOARD.model_copy(update={"regions": regions, "clock": clock})
        return board_latency(board).of(graph, lowered, trained=False).ms

    assert ms(0, 120_000_000) < ms(2, 120_000_000) < ms(5, 120_000_000)
    assert ms(5, 60_000_000) == pytest.approx(2 * ms(5, 120_000_000))


def test_a_modelled_latency_reads_as_a_range_and_survives_the_store() -> None:
    latency = Latency(
        51.2,
        Source.MODELLED,
        core="cortex-m4",
        clock_hz=120_000_000,
        low_ms=46.1,
        high_ms=58.8,
        wait_states=5,
    )
    assert str(latency) == "51 ms (46-59), modelled, M4, 5 wait states"
    assert latency_from_json(latency_to_json(latency)) == latency
    assert "low_ms" not in latency_to_json(Latency(1.0, Source.MEASURED))


def observed(ms: float, modelled_ms: float) -> Json:
    known = latency_to_json(Latency(ms, Source.MEASURED, cycles=round(1000 * ms), core="cortex-m4"))
    return {"ops": [], "count": 1000.0 * ms, "latency": known, "modelled_ms": modelled_ms}


def test_a_board_that_is_slower_than_its_model_corrects_it() -> None:
    profiles = [observed(1.2 * ms, ms) for ms in (1.0, 2.0, 5.0)]
    said = corrected(3.0, profiles)
    assert said is not None
    assert said.latency.ms == pytest.approx(3.6)
    assert said.latency.source is Source.PREDICTED
    assert said.error == pytest.approx(0.0)
    assert corrected(3.0, profiles[:1]) is None
    assert corrected(None, profiles) is None


def test_the_corrected_models_bar_is_its_error_on_networks_left_out() -> None:
    said = corrected(1.0, [observed(1.0, 1.0), observed(1.0, 1.0), observed(1.5, 1.0)])
    assert said is not None
    assert said.latency.ms == pytest.approx(1.0)
    assert said.error == pytest.approx(1 - 1 / 1.5)


def test_only_an_uncertain_rank_asks_for_a_measurement() -> None:
    near = [observed(ms, ms) for ms in (1.0, 1.01, 1.02, 1.03, 5.0)]
    said = PredictedLatency(Latency(1.0, Source.PREDICTED), error=0.05, networks=5)
    alone = PredictedLatency(Latency(3.0, Source.PREDICTED), error=0.05, networks=5)
    assert rank_is_uncertain(said, near, 0.1)
    assert not rank_is_uncertain(alone, near, 0.1)
    assert not rank_is_uncertain(said, near, None)
