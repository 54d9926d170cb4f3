"""The strategy around the differentiable search, with what a supernet would learn handed in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.config import DataConfig
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.model.net import shape_graph
from micronas.space import Arch
from micronas.space.layerwise import LayerwiseSpace, Limits
from micronas.strategy.dnas.backbone import ChoiceBackbone
from micronas.strategy.dnas.cost_tables import CostTables, net_costs
from micronas.strategy.dnas.limits import CostConstraints, limits_of
from micronas.strategy.dnas.search import Learned
from micronas.strategy.dnas.strategy import Dnas
from micronas.strategy.problem import Problem

BOARD = load_board("nucleo_f446re")
SPACE = LayerwiseSpace((28, 28, 1), 10, Limits(max_blocks=3))


def ledger(arch: Arch, runtime: str = "micronas") -> Ledger:
    return make_ledger(shape_graph(SPACE.net(arch)), BOARD, runtime)


def problem(flash_bytes: int, sram_bytes: int) -> Problem:
    return Problem(DataConfig(), Target(BOARD.core), Budget(flash_bytes, sram_bytes), ledger)


def greedy(backbone: ChoiceBackbone, tables: CostTables, aims: CostConstraints, seed: int) -> Learned:
    """A search that wants the widest of everything, with a little doubt."""
    wanted = [np.eye(n, dtype=np.float32)[-1] * 0.9 + np.float32(0.1 / n) for n in backbone.decision_sizes]
    for i in range(4, len(wanted), 3):
        wanted[i] = wanted[i][::-1]  # and to skip nothing
    return Learned(tuple(wanted), 1, (), (), 0.0)


def strategy(accept=lambda arch: True, seed: int = 0) -> Dnas:
    smallest = ledger(SPACE.baselines()[-1])
    budget = problem(smallest.flash_bytes + 12_000, smallest.sram_bytes + 4_000)
    return Dnas(SPACE, seed, accept, budget, greedy, 1)


def test_what_a_search_wants_is_cut_down_to_the_exact_budget() -> None:
    smallest = ledger(SPACE.baselines()[-1])
    for number in range(4):
        found = ledger(strategy().ask(number))
        assert found.flash_bytes <= smallest.flash_bytes + 12_000
        assert found.sram_bytes <= smallest.sram_bytes + 4_000
        # and not cut down further than it must be: one width step is much less than half
        assert found.flash_bytes > smallest.flash_bytes + 2_000


def test_an_ask_depends_on_seed_and_number_only() -> None:
    searches = strategy()
    asked = [searches.ask(number) for number in (3, 0, 3)]
    assert asked[0] == asked[2] == strategy().ask(3)


def test_what_was_seen_is_not_proposed_again() -> None:
    seen = {strategy().ask(0)}
    for _ in range(5):
        arch = strategy(accept=lambda arch: arch not in seen).ask(0)
        assert arch not in seen
        seen.add(arch)


def test_each_search_gets_a_seed_of_its_own() -> None:
    seeds: list[int] = []

    def note(backbone: ChoiceBackbone, tables: CostTables, aims: CostConstraints, seed: int) -> Learned:
        seeds.append(seed)
        return greedy(backbone, tables, aims, seed)

    searches = Dnas(SPACE, 0, lambda arch: True, problem(60_000, 40_000), note, 1)
    for number in range(4):
        searches.ask(number)
    assert len(set(seeds)) == 4


def test_limits_are_what_the_ledger_leaves_beside_firmware_and_stack() -> None:
    reference, other = SPACE.baselines()[10], SPACE.baselines()[2]
    target = Target(BOARD.core)
    budget = Budget(200_000, 60_000)
    limits = limits_of(net_costs(SPACE.net(reference), target), ledger(reference), budget)
    spent, costs = ledger(other), net_costs(SPACE.net(other), target)
    slack_flash, slack_sram = budget.flash_bytes - spent.flash_bytes, budget.sram_bytes - spent.sram_bytes
    code = (
        spent.flash_bytes
        - spent.constant_bytes
        - (ledger(reference).flash_bytes - ledger(reference).constant_bytes)
    )
    # The ledger's convolutions run by blocks, whose parameters take four bytes more than the tables price.
    block_bytes = 4 * max(len(spent.lowered), len(ledger(reference).lowered))
    assert abs(limits.constant_bytes - costs.constant_bytes - slack_flash - code) <= block_bytes
    assert limits.sram_bytes - costs.sram_bytes == slack_sram


def test_limits_for_another_runtime_are_in_proportion() -> None:
    reference = SPACE.baselines()[10]
    own = net_costs(SPACE.net(reference), Target(BOARD.core))
    flat = ledger(reference, "tflm")
    limits = limits_of(own, flat, Budget(2 * flat.flash_bytes, 3 * flat.sram_bytes))
    assert (limits.constant_bytes, limits.sram_bytes) == (2 * own.constant_bytes, 3 * own.sram_bytes)


@pytest.mark.parametrize("runtime", ["micronas", "tflm"])
def test_a_limit_of_operations_reaches_the_supernet(runtime: str) -> None:
    """MicroNets constrains flash, SRAM and operations."""
    reference = SPACE.baselines()[10]
    own, flat = net_costs(SPACE.net(reference), Target(BOARD.core)), ledger(reference, runtime)
    budget = Budget(flat.flash_bytes, flat.sram_bytes)
    assert limits_of(own, flat, budget, macs=123_456).macs == 123_456
    assert limits_of(own, flat, budget).macs == float("inf")


def test_the_supernet_of_a_search_is_trained_within_its_limit_of_operations() -> None:
    limits: list[float] = []

    def note(backbone: ChoiceBackbone, tables: CostTables, aims: CostConstraints, seed: int) -> Learned:
        limits.append(aims.limits.macs)
        return greedy(backbone, tables, aims, seed)

    for macs in (500_000, None):
        limited = replace(problem(60_000, 40_000), macs=macs, macs_of=lambda arch: SPACE.net(arch).macs)
        found = Dnas(SPACE, 0, lambda arch: True, limited, note, 1).ask(0)
        assert (SPACE.net(found).macs <= 500_000) is (macs is not None)
    assert limits == [500_000, float("inf")]
