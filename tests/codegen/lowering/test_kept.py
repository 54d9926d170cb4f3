"""Kept lowerings: equal to fresh ones in every field, whatever was lowered before."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Constant, Lowered, Target
from micronas.codegen.lowering.lower import LOWERINGS, lower_graph, lower_with_least_scratch
from micronas.codegen.lowering.operands import OpContext
from micronas.codegen.lowering.sizes import constant_items, model_constant_bytes
from micronas.config import SpaceConfig
from micronas.model.graph import Graph
from micronas.model.net import Add, Conv, NetBuilder, shape_graph
from micronas.space import make_space
from micronas.space.reference.random_weights import random_weights
from tests.support.random_cases import CASES, random_case


def parts(lowered: Lowered) -> list[object]:
    """All fields, constants by their values."""
    return [
        [constant_parts(c) for c in lowered.constants] if f.name == "constants" else getattr(lowered, f.name)
        for f in fields(Lowered)
    ]


def constant_parts(constant: Constant) -> tuple[object, ...]:
    values = None if constant.values is None else constant.values.tolist()
    return constant.name, constant.ctype, constant.count, values


def fresh(graph: Graph, target: Target) -> list[list[object]]:
    return [parts(LOWERINGS[op.kind](OpContext(graph, i, target))) for i, op in enumerate(graph.ops)]


@pytest.mark.parametrize("core", [Core.M4F, Core.M0PLUS])
def test_networks_of_a_space_are_lowered_as_if_each_were_the_first(core: Core) -> None:
    space = make_space(SpaceConfig(name="cell", max_width=16), (12, 12, 1), 4)
    for seed in range(6):
        graph = shape_graph(space.net(space.sample(np.random.default_rng(seed))))
        fastest = lower_graph(graph, Target(core))
        assert [parts(low) for low in fastest] == fresh(graph, Target(core))
        smallest = lower_with_least_scratch(graph, core, fastest)
        assert [parts(low) for low in smallest] == fresh(graph, Target(core, least_scratch=True))
        total = sum(item.nbytes for item in constant_items(graph, fastest))
        assert model_constant_bytes(graph, fastest) == total


@pytest.mark.parametrize("kind", sorted(CASES))
def test_ops_with_small_weights_keep_their_own_values(kind: str) -> None:
    rng = np.random.default_rng(5)
    for _ in range(6):
        graph = random_case(kind, rng)
        assert [parts(low) for low in lower_graph(graph, Target(Core.M4F))] == fresh(graph, Target(Core.M4F))


def test_equal_ops_on_other_tensors_get_their_own_arguments() -> None:
    builder = NetBuilder((4, 4, 4))
    first = builder.add(Conv(4, 1, 1), 0)
    second = builder.add(Conv(4, 1, 1), first)
    builder.add(Add(), second, first)
    graph = random_weights(shape_graph(builder.build()), 1)
    for _ in range(2):
        lowered = lower_graph(graph, Target(Core.M4F))
        assert [low.op_index for low in lowered] == [0, 1, 2]
        assert [low.arguments for low in lowered] == [graph.activation_inputs(op) for op in graph.ops]
