"""Strategies that know latencies before a trial: cost tables of DNAS, candidates of the predictor."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.latency.op_model import board_latency
from micronas.memory.plan import plan_memory
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.model.net import shape_graph
from micronas.space.layerwise import LayerwiseSpace, Limits
from micronas.strategy.dnas.backbone import draw_layout, make_backbone
from micronas.strategy.dnas.choice import choice_costs, drawn_choice
from micronas.strategy.dnas.cost_tables import SRAM_BYTES, make_cost_tables
from micronas.strategy.predictor.predictor import FIRST_RANDOM
from micronas.trial import Latency, Source
from tests.support.predictor_fakes import toy_predictor, toy_problem
from tests.support.search_fakes import ToyArch, toy_trial

BOARD = load_board("nucleo_l4r5zi")


def test_milliseconds_of_a_choice_are_those_of_the_whole_network() -> None:
    """For the networks with the smallest arena of the backbone. The tables give every block's steps the room
    that this arena leaves; a larger arena may have room for larger steps. Where the free bytes lie in several
    pieces depends on the other blocks, so that the last step may be smaller than in the tables, and slower.
    """
    space = LayerwiseSpace((20, 10, 1), 8, Limits(max_width=16, max_blocks=3))  # type: ignore[call-arg]
    backbone = make_backbone(space, draw_layout(space, 16, np.random.default_rng(1)))
    latency, target, rng = board_latency(BOARD), Target(BOARD.core), np.random.default_rng(0)
    tables = make_cost_tables(backbone, target, latency=latency)
    least_arena = int(max(t[..., SRAM_BYTES].min() for t in (tables.stem, *tables.slots, tables.head)))
    first_likeliest = [0.25 ** np.arange(n, dtype=np.float32) for n in backbone.decision_sizes]
    smallest = set()
    for _ in range(300):
        choice = drawn_choice(first_likeliest, backbone, rng)
        if choice_costs(choice, tables).sram_bytes <= least_arena:
            smallest.add(choice)
    assert len(smallest) >= 3
    errors = []
    for choice in smallest:
        graph = shape_graph(space.net(choice.arch(space, backbone)))
        lowered = lower_graph(graph, target)
        lowered, _ = use_free_bytes(lowered, plan_memory(graph, lowered), least_arena)
        whole = latency.of(graph, lowered, trained=False).ms
        errors.append(choice_costs(choice, tables).ms / whole - 1.0)
    assert np.median(errors) == pytest.approx(0.0, abs=1e-6)
    assert -0.1 < min(errors) <= max(errors) < 0.01


def toy_latency(arch: ToyArch) -> Latency:
    return Latency(1.0 + sum(arch.genes), Source.MODELLED)


@pytest.mark.parametrize("name", ["predictor_reward", "predictor_front"])
def test_the_predictor_asks_for_nothing_that_is_known_to_be_too_slow(name: str) -> None:
    problem = toy_problem(latency=toy_latency, latency_ms=12.0)
    predictor = toy_predictor(name, problem=problem)
    asked = []
    for number in range(FIRST_RANDOM + 8):
        asked.append(predictor.ask(number))
        predictor.tell(toy_trial(number, asked[-1].genes))
    guided = asked[FIRST_RANDOM:]
    assert all(toy_latency(arch).ms <= 12.0 for arch in guided)
    assert max(sum(arch.genes) for arch in guided) >= 9  # it goes up to the limit all the same
