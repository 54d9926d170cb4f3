"""Refusing without a memory plan: never what the ledger would accept, and most of what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import micronas.memory.ledger.quick_look as quick_look
from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.sizes import model_constant_bytes
from micronas.config import SpaceConfig
from micronas.memory.ledger import Budget
from micronas.memory.ledger.less_scratch import with_less_scratch
from micronas.memory.plan import min_arena_bytes, no_plan_within, plan_memory
from micronas.model.net import shape_graph
from micronas.search.gate import LedgerGate
from micronas.space import Arch, Space, make_space

BOARD = load_board("nucleo_f446re")
NAMES = ("layerwise", "cell", "micronets")


def drawn(name: str, count: int = 12) -> tuple[Space, list[Arch]]:
    space = make_space(SpaceConfig(name=name), (49, 40, 1), 12)
    return space, [space.sample(np.random.default_rng([5, i])) for i in range(count)]


@pytest.mark.parametrize("name", NAMES)
def test_the_bound_is_below_every_plan(name: str) -> None:
    """Of cells, some are refused although each of their ops would fit."""
    space, archs = drawn(name)
    refused = 0
    for arch in archs:
        graph = shape_graph(space.net(arch))
        lowered = lower_graph(graph, Target(BOARD.core))
        least, arena_bytes = min_arena_bytes(graph, lowered), plan_memory(graph, lowered).arena_bytes
        assert 0 < least <= arena_bytes
        assert no_plan_within(graph, lowered, least - 1)
        assert not no_plan_within(graph, lowered, arena_bytes)
        refused += least < arena_bytes and no_plan_within(graph, lowered, arena_bytes - 1)
    assert refused > 0 or name != "cell"


@pytest.mark.parametrize("runtime", ["micronas", "tflm"])
@pytest.mark.parametrize("name", NAMES)
def test_fits_is_the_verdict(name: str, runtime: str) -> None:
    """At budgets that flash, SRAM, both or none of a good part of the networks exceed."""
    space, archs = drawn(name)
    budgets = [Budget(1024 * flash, 1024 * sram) for flash, sram in ((24, 400), (400, 16), (40, 24))]
    for budget in budgets:
        early, late = (LedgerGate(space, BOARD, runtime, budget) for _ in range(2))
        assert [early.fits(arch) for arch in archs] == [late.verdict(arch).fits for arch in archs]


@pytest.mark.parametrize("board", ["black_f407vg", "nucleo_h743zi2"])
def test_fits_is_the_verdict_where_an_arena_may_be_in_several_memories(board: str) -> None:
    space, archs = drawn("cell", 4)
    for sram_kb in (20, 100):
        budget = Budget(400 * 1024, sram_kb * 1024)
        early, late = (LedgerGate(space, load_board(board), "micronas", budget) for _ in range(2))
        assert [early.fits(arch) for arch in archs] == [late.verdict(arch).fits for arch in archs]


@pytest.mark.parametrize("name", NAMES)
def test_each_parameter_takes_a_byte_of_flash_by_all_kernels(name: str) -> None:
    space, archs = drawn(name, 4)
    for net in map(space.net, archs):
        graph = shape_graph(net)
        fastest = lower_graph(graph, Target(BOARD.core))
        for calls in (fastest, *with_less_scratch(graph, BOARD, fastest)):
            assert net.parameters <= model_constant_bytes(graph, calls)


def test_what_is_over_by_its_constants_is_never_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    space, archs = drawn("cell")
    gate = LedgerGate(space, BOARD, "micronas", Budget(8 * 1024, 400 * 1024))
    for planner in ("is_plan_within", "no_plan_within", "op_by_op_ledger"):
        monkeypatch.setattr(quick_look, planner, lambda *_, **__: pytest.fail("a plan was made"))
    assert not any(gate.fits(arch) for arch in archs)


def test_a_refused_network_still_gets_its_reasons() -> None:
    space, archs = drawn("layerwise", 1)
    gate = LedgerGate(space, BOARD, "micronas", Budget(1024, 1024))
    assert not gate.fits(archs[0])
    assert "flash" in " ".join(gate.verdict(archs[0]).reasons)


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_of_operations_is_exact_and_named(name: str) -> None:
    space, archs = drawn(name)
    counts = sorted(space.net(arch).macs for arch in archs)
    limit = counts[len(counts) // 2]
    roomy = Budget(1 << 30, 1 << 30)
    gate, plain = (LedgerGate(space, BOARD, "micronas", roomy, macs) for macs in (limit, None))
    for arch in archs:
        macs, verdict = space.net(arch).macs, gate.verdict(arch)
        assert gate.fits(arch) == verdict.fits == (plain.verdict(arch).fits and macs <= limit)
        if macs > limit:
            assert verdict.reasons[-1] == f"{macs:,} MACs, {macs - limit:,} over constraints.macs"
            assert "constraints.macs" in verdict.remedies[-1]
