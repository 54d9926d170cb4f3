"""Cells from edge weights, the rules that end a search, and the strategy around it; no TensorFlow."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.config import DataConfig
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.model.net import shape_graph
from micronas.space import Arch
from micronas.space.cell import Cell, CellLimits, CellNode, CellSpace, Edge, EdgeOp
from micronas.space.cell.canonical import canonical_cell, is_sound
from micronas.strategy.darts.collapse import eigenvalue_jumped
from micronas.strategy.darts.discretise import cell_of, skips
from micronas.strategy.darts.edges import OPS, CellEdges, EdgeWeights
from micronas.strategy.darts.search import FoundCells
from micronas.strategy.darts.strategy import Darts
from micronas.strategy.problem import Problem

BOARD = load_board("nucleo_f446re")
SPACE = CellSpace((28, 28, 1), 10, CellLimits(nodes=2))
NODES = 2
EDGES = CellEdges(NODES)


def drawn(seed: int) -> EdgeWeights:
    rng = np.random.default_rng(seed)
    ops = rng.dirichlet(np.ones(len(OPS)), len(EDGES.all)).astype(np.float32)
    edges = np.concatenate([rng.dirichlet(np.ones(len(EDGES.into(n)))) for n in range(NODES)])
    return EdgeWeights(ops, edges.astype(np.float32))


def found(seed: int) -> FoundCells:
    weights = drawn(seed), drawn(seed + 1000)
    cells = (cell_of(w, NODES, reduces=r) for w, r in zip(weights, (False, True), strict=True))
    return FoundCells(*cells, weights, (), "", 0.0)


def test_every_node_reads_the_inputs_and_all_nodes_before_it() -> None:
    assert CellEdges(3).all == ((0, 0), (1, 0), (0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2), (3, 2))
    assert [CellEdges(3).all[e] for e in CellEdges(3).into(1)] == [(0, 1), (1, 1), (2, 1)]
    assert [CellEdges(3).all[e] for e in CellEdges(3).out_of(2)] == [(2, 1), (2, 2)]


def test_the_two_strongest_edges_stay_with_their_strongest_operations() -> None:
    ops = np.full((len(EDGES.all), len(OPS)), 0.01, np.float32)
    ops[:, OPS.index(EdgeOp.NONE)] = 0.5  # the strongest everywhere, and never chosen
    edges = np.array([0.5, 0.5, 0.2, 0.5, 0.3], np.float32)
    wanted = {0: EdgeOp.CONV_3X3, 1: EdgeOp.MAX_POOL_3X3, 2: EdgeOp.CONV_1X1, 3: EdgeOp.DEPTHWISE_3X3}
    for edge, op in (wanted | {4: EdgeOp.SEPARABLE_3X3}).items():
        ops[edge, OPS.index(op)] = 0.3
    cell = cell_of(EdgeWeights(ops, edges), NODES, reduces=False)
    first = CellNode(Edge(0, EdgeOp.CONV_3X3), Edge(1, EdgeOp.MAX_POOL_3X3))
    second = CellNode(Edge(1, EdgeOp.DEPTHWISE_3X3), Edge(2, EdgeOp.SEPARABLE_3X3))
    assert cell == canonical_cell(Cell((first, second)), False)


@pytest.mark.parametrize("reduces", [False, True])
def test_discrete_cells_are_canonical_and_sound(reduces: bool) -> None:
    for seed in range(200):
        cell = cell_of(drawn(seed), NODES, reduces=reduces)
        assert is_sound(cell)
        assert canonical_cell(cell, reduces) == cell


def test_a_cell_of_skips_is_repaired_with_its_strongest_operation_with_weights() -> None:
    ops = np.full((len(EDGES.all), len(OPS)), 0.01, np.float32)
    ops[:, OPS.index(EdgeOp.IDENTITY)] = 0.8
    ops[0, OPS.index(EdgeOp.DEPTHWISE_5X5)] = 0.1
    cell = cell_of(EdgeWeights(ops, np.full(len(EDGES.all), 0.4, np.float32)), NODES, reduces=False)
    assert is_sound(cell)
    edges = [edge for node in cell.nodes for edge in (node.left, node.right)]
    assert Edge(0, EdgeOp.DEPTHWISE_5X5) in edges


def test_skips_are_identities() -> None:
    skip, conv, none = Edge(0, EdgeOp.IDENTITY), Edge(1, EdgeOp.CONV_3X3), Edge(0, EdgeOp.NONE)
    assert skips(Cell((CellNode(skip, conv), CellNode(skip, skip), CellNode(none, conv)))) == 3


def test_the_eigenvalue_rule_waits_for_two_windows_and_a_jump() -> None:
    calm = [1.0, 1.1, 0.9, 1.0, 1.1, 1.2]
    assert not eigenvalue_jumped(calm, 1.34, 3)
    assert eigenvalue_jumped([*calm[:3], 1.4, 1.4, 1.4], 1.34, 3)
    assert not eigenvalue_jumped([1.0, 9.0, 9.0, 9.0, 9.0], 1.34, 3)
    assert eigenvalue_jumped([-1.0, -1.0, -1.0, 5.0, 5.0, 5.0], 1.34, 3)
    assert eigenvalue_jumped([-1.0, -1.0, -1.0, -5.0, -5.0, -5.0], 1.34, 3)
    assert not eigenvalue_jumped([-5.0, -5.0, -5.0, -1.0, -1.0, -1.0], 1.34, 3)


def ledger(arch: Arch) -> Ledger:
    return make_ledger(shape_graph(SPACE.net(arch)), BOARD)


BUDGET = Budget(60_000, 30_000)
PROBLEM = Problem(DataConfig(), Target(BOARD.core), BUDGET, ledger)


def strategy(accept=lambda arch: True) -> Darts:
    return Darts(SPACE, 0, accept, PROBLEM, lambda nodes, seed: found(seed % 1000), 1)


def test_cells_are_stacked_as_large_as_the_exact_budget_allows() -> None:
    for number in range(3):
        arch = strategy().ask(number)
        assert PROBLEM.fits(arch)
        assert SPACE.from_json(SPACE.to_json(arch)) == arch
        wider = [w for w in SPACE.limits.widths if w > arch.channels]
        same = SPACE.to_json(arch)
        assert isinstance(same, dict)
        assert not any(PROBLEM.fits(SPACE.from_json({**same, "channels": w})) for w in wider[:1])


def test_cells_are_stacked_within_the_limit_of_operations() -> None:
    free = SPACE.net(strategy().ask(0)).macs
    limited = replace(PROBLEM, macs=free // 2, macs_of=lambda arch: SPACE.net(arch).macs)
    arch = Darts(SPACE, 0, lambda arch: True, limited, lambda nodes, seed: found(seed % 1000), 1).ask(0)
    assert SPACE.net(arch).macs <= free // 2


def test_an_ask_depends_on_seed_and_number_only_and_avoids_what_was_seen() -> None:
    searches = strategy()
    first = searches.ask(4)
    assert searches.ask(1) != first
    assert searches.ask(4) == first
    other = strategy(accept=lambda arch: arch != first).ask(4)
    assert (other.normal, other.reduction) != (first.normal, first.reduction)


def test_cells_that_fit_in_no_stack_are_handed_out_as_small_as_they_get() -> None:
    tiny = Problem(DataConfig(), Target(BOARD.core), Budget(100, 100), ledger)
    arch = Darts(SPACE, 0, lambda arch: True, tiny, lambda nodes, seed: found(0), 1).ask(0)
    smallest = min(
        SPACE.net(
            SPACE.from_json({**SPACE.to_json(arch), "channels": w, "stages": s, "repeats": r})  # type: ignore[dict-item]
        ).macs
        for w, (s, r) in product(SPACE.limits.widths[:2], SPACE.limits.stacks[:1])
    )
    assert SPACE.net(arch).macs == smallest
