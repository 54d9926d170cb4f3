"""The per-op model: prices fitted to made-up ops, and the committed prices of every core."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronas.board import Core, board_names, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.config import SpaceConfig
from micronas.latency.features import OpFeatures
from micronas.latency.kernel_laws import covered, inner_positions
from micronas.latency.op_model import (
    CODES,
    COSTS,
    OpCounts,
    OpModel,
    board_latency,
    cross_validated,
    fit_prices,
    op_costs,
)
from micronas.model.net import shape_graph
from micronas.space import make_space
from micronas.trial import Source

PRICES, MISSES = (100.0, 3.0, 0.5), (2.0, 0.0, 0.125)


def ops(count: int, noise: float = 0.0) -> list[OpCounts]:
    rng = np.random.default_rng(4)
    rows = [(1.0, float(rng.integers(1, 500)), float(rng.integers(1, 5000))) for _ in range(count)]
    return [
        OpCounts(
            OpFeatures("mn_thing/short", row),
            float(np.dot(PRICES, row)) * (1 + noise * rng.standard_normal()),
            {"stm32l4": float(np.dot(MISSES, row))},
        )
        for row in rows
    ]


def test_prices_that_made_the_counts_are_found() -> None:
    fitted = fit_prices(ops(30))["mn_thing/short"]
    assert fitted["cycles"] == pytest.approx(PRICES, rel=1e-3)
    assert fitted["stm32l4"] == pytest.approx(MISSES, rel=1e-2, abs=1e-3)
    assert fitted["ops"] == 30


def test_cross_validation_tells_a_law_from_noise() -> None:
    (number, exact, _) = cross_validated(ops(30))["mn_thing/short"]
    (_, noisy, _) = cross_validated(ops(30, noise=0.3))["mn_thing/short"]
    assert (number, exact) == (30, pytest.approx(0.0, abs=1e-3))
    assert noisy > 0.1


def test_a_class_with_too_few_ops_gives_way_to_its_kernels_other_form() -> None:
    prices = {
        "mn_conv/short": {"cycles": [1.0, 2.0], "stm32l4": [0.0, 0.0], "ops": 20},
        "mn_conv/exact": {"cycles": [0.0, 0.1], "stm32l4": [0.0, 0.0], "ops": 1},
    }
    model = OpModel(prices, "stm32l4")  # type: ignore[arg-type]
    assert model.op(OpFeatures("mn_conv/exact", (1.0, 10.0))).cycles == 21.0
    assert model.untrained_op(OpFeatures("mn_conv/exact", (1.0, 10.0))).cycles == 21.0


@given(st.integers(1, 30), st.integers(1, 3), st.integers(0, 5), st.integers(0, 8), st.integers(1, 40))
def test_inner_positions_are_counted_like_one_by_one(
    out: int, stride: int, pad: int, reach: int, size: int
) -> None:
    each = sum(i * stride - pad >= 0 and i * stride - pad + reach < size for i in range(out))
    assert inner_positions(out, stride, pad, reach, size) == each


@given(st.integers(1, 12), st.integers(1, 3), st.integers(0, 3), st.integers(1, 5), st.integers(1, 20))
def test_elements_under_windows_are_counted_like_one_by_one(
    out: int, stride: int, pad: int, window: int, size: int
) -> None:
    pad = min(pad, window - 1)
    size = max(size, (out - 1) * stride - pad + 1)  # each window is partly on the input
    each = [sum(0 <= i * stride - pad + tap < size for tap in range(window)) for i in range(out)]
    assert covered(out, stride, pad, window, size) == sum(each)


def test_every_fitted_core_has_prices_behind_each_of_its_accelerators() -> None:
    for core, families in CODES.items():
        for name, prices in op_costs()[core.value].items():
            for column in ("cycles", *families):
                values = prices[column]
                assert len(values) == len(prices["cycles"]), (core, name, column)
                assert min(values) >= 0.0


def test_the_committed_file_is_as_the_fit_writes_it() -> None:
    text = COSTS.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"


@pytest.mark.parametrize("name", board_names())
def test_every_board_has_a_latency_of_every_space(name: str) -> None:
    board = load_board(name)
    for space, shape in (("layerwise", (12, 12, 1)), ("cell", (8, 8, 2)), ("mlp", (40,))):
        made = make_space(SpaceConfig(name=space, max_width=16), shape, 4)
        graph = shape_graph(made.net(made.sample(np.random.default_rng(2))))
        latency = board_latency(board).of(graph, lower_graph(graph, Target(board.core)), trained=False)
        assert latency.source is Source.MODELLED
        assert latency.low_ms is not None
        assert 0 < latency.low_ms < latency.ms < (latency.high_ms or 0)


@pytest.mark.parametrize("name", ["nucleo_f446re", "nucleo_l476rg"])
def test_a_portable_kernel_within_tight_limits_has_a_price_on_a_core_with_dsp(name: str) -> None:
    """More than the DSP kernel's, and less than twenty times as much."""
    board, made = load_board(name), make_space(SpaceConfig(max_blocks=4, max_width=32), (64, 1, 3), 3)
    times, kernels = [], set()
    for seed in range(12):
        graph = shape_graph(made.net(made.sample(np.random.default_rng(seed))))
        tight = lower_graph(graph, Target(board.core, least_scratch=True))
        kernels |= {op.kernel for op in tight}
        free = lower_graph(graph, Target(board.core))
        latencies = [board_latency(board).of(graph, ops, trained=False).ms for ops in (free, tight)]
        times.append(latencies[1] / latencies[0])
    assert "mn_depthwise_s8" in kernels
    assert 1.0 < max(times) < 20.0


def test_a_core_without_the_dsp_extension_takes_more_cycles() -> None:
    made = make_space(SpaceConfig(max_width=16), (12, 12, 1), 4)
    graph = shape_graph(made.net(made.sample(np.random.default_rng(0))))

    def cycles(name: str) -> int:
        board = load_board(name)
        latency = board_latency(board).of(graph, lower_graph(graph, Target(board.core)), trained=False)
        return latency.cycles or 0

    assert load_board("nucleo_g071rb").core is Core.M0PLUS
    assert (
        cycles("nucleo_h743zi2") < cycles("nucleo_f446re") < cycles("nucleo_f103rb") < cycles("nucleo_g071rb")
    )
