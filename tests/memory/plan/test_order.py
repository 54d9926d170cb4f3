"""Generated code runs the ops in the plan's order, which in branching networks is not the graph's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.codegen.lowering.lower import lower_graph
from micronas.config import SpaceConfig
from micronas.memory.plan import plan_memory
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.net import shape_graph
from micronas.space import make_space
from micronas.space.reference.random_weights import random_weights
from tests.support.model_runner import PORTABLE, Case, run_on_host
from tests.support.oracle import random_inputs


def reordered_networks(count: int) -> list[Graph]:
    """Branching cells whose plan runs their branches in another order than the graph lists them."""
    rng = np.random.default_rng(4)
    space = make_space(SpaceConfig(name="cell"), (12, 12, 1), 4)
    found: list[Graph] = []
    while len(found) < count:
        graph = random_weights(shape_graph(space.net(space.sample(rng))), seed=len(found))
        order = plan_memory(graph, lower_graph(graph, PORTABLE)).order
        if order != tuple(range(len(graph.ops))):
            found.append(graph)
    return found


@pytest.mark.slow
def test_reordered_branches_compute_what_the_interpreter_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    cases: list[Case] = [(graph, random_inputs(graph, rng, 2)) for graph in reordered_networks(4)]
    outputs = run_on_host(cases, tmp_path, planner=plan_memory)
    for (graph, inputs), found in zip(cases, outputs, strict=True):
        for want, got in zip(run_batch(graph, inputs), found, strict=True):
            np.testing.assert_array_equal(got, want.reshape(2, -1).view(np.int8))
