"""Plans of published networks at their known peaks, and of branching cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from micronas.board import Core
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.plan import plan_memory
from micronas.memory.plan.picture import picture
from micronas.model.tflite import read
from tests.support.cell_networks import random_cell_networks
from tests.support.planning import lowered_op, verify_plan

IDEAL_PEAKS = {
    "mlperf_tiny_ad": 768,
    "mlperf_tiny_kws": 16_000,
    "mlperf_tiny_ic": 49_152,
    "str_ww_ref_model": 6_656,
    "mlperf_tiny_vww": 55_296,
}


@pytest.fixture
def published(name, request):
    """MLPerf Tiny's networks have the published shapes here; the wake word's is read from its file."""
    folder = request.getfixturevalue("networks" if name.startswith("mlperf_tiny") else "shared_models")
    return read(folder / f"{name}.tflite")


@pytest.mark.parametrize("name", sorted(IDEAL_PEAKS))
def test_published_network_reaches_the_ideal_activation_peak(published, name):
    """Without scratch, in-place kernels or a better order: the figure of the published models' README."""
    graph = published
    copies = tuple(lowered_op(i, is_copy=op.kind == "RESHAPE") for i, op in enumerate(graph.ops))
    plan = plan_memory(graph, copies)
    verify_plan(graph, copies, plan)
    assert plan.arena_bytes == IDEAL_PEAKS[name]


@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M4F])
@pytest.mark.parametrize("name", sorted(IDEAL_PEAKS))
def test_published_network_with_its_kernels_is_at_the_bound(published, name, core):
    graph = published
    lowered = lower_graph(graph, Target(core))
    plan = plan_memory(graph, lowered)
    verify_plan(graph, lowered, plan)
    assert plan.at_bound or plan.arena_bytes <= 1.03 * plan.bound_bytes
    without = plan_memory(graph, without_overlaps(lowered))
    assert without.at_bound
    assert plan.arena_bytes <= without.arena_bytes
    if name != "mlperf_tiny_ad":  # dense layers read every input for every output
        assert plan.arena_bytes < 0.85 * IDEAL_PEAKS[name]


def test_branching_cells_lose_no_byte():
    for graph, lowered in random_cell_networks(6):
        verify_plan(graph, lowered, plan_memory(graph, lowered))


def without_overlaps(lowered: tuple[Lowered, ...]) -> tuple[Lowered, ...]:
    return tuple(replace(low, lead_bytes=None, lag_bytes=None) for low in lowered)


def test_branching_cells_are_at_the_bound_with_few_exceptions():
    """Where this was written 196 of 200 such networks were; the bound is not always reachable."""
    problems = [(graph, without_overlaps(lowered)) for graph, lowered in random_cell_networks(30)]
    plans = [plan_memory(graph, lowered) for graph, lowered in problems]
    assert sum(plan.at_bound for plan in plans) >= 28
    assert all(plan.arena_bytes <= 1.15 * plan.bound_bytes for plan in plans)


def test_overlaps_in_branching_cells_only_ever_help():
    """They lower the bound step by step; two in a row may contradict, and then no plan reaches it."""
    problems = random_cell_networks(30)
    plans = [plan_memory(graph, lowered) for graph, lowered in problems]
    plain_plans = [plan_memory(graph, without_overlaps(lowered)) for graph, lowered in problems]
    pairs = list(zip(plans, plain_plans, strict=True))
    assert all(plan.arena_bytes <= plain.arena_bytes for plan, plain in pairs)
    assert sum(plan.arena_bytes < plain.arena_bytes for plan, plain in pairs) >= 12
    assert sum(plan.at_bound for plan in plans) >= 18


def test_picture_shows_every_step_and_the_peak(networks):
    graph = read(networks / "mlperf_tiny_kws.tflite")
    lowered = lower_graph(graph, Target(Core.M0PLUS))
    plan = plan_memory(graph, lowered)
    text = picture(graph, plan)
    rows = [line for line in text.splitlines() if line[:4].strip().isdigit()]
    assert [int(line[:4]) for line in rows] == list(range(15))
    assert f"{plan.arena_bytes:,} B" in text
    assert any(line.endswith("peak") for line in rows)
    assert "1x25x5x64" in text
