"""Random networks of the cell space, lowered."""

from __future__ import annotations

import numpy as np

from micronas.board import Core
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.config import SpaceConfig
from micronas.model.graph import Graph
from micronas.model.net import shape_graph
from micronas.space import make_space


def random_cell_networks(count: int) -> list[tuple[Graph, tuple[Lowered, ...]]]:
    """Branching networks with their real kernels."""
    rng = np.random.default_rng(9)
    space = make_space(SpaceConfig(name="cell"), (16, 16, 1), 10)
    graphs = [shape_graph(space.net(space.sample(rng))) for _ in range(count)]
    return [(graph, lower_graph(graph, Target(Core.M4F))) for graph in graphs]
