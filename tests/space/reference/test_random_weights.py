"""Networks with random weights are files that the reader takes, with scales as a converter gives them."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.config import SpaceConfig
from micronas.model.graph import Graph
from micronas.model.net import shape_graph
from micronas.model.tflite import read_bytes
from micronas.model.tflite.writer import write
from micronas.space import SPACES, make_space
from micronas.space.reference import REFERENCE_NETS, reference_net
from micronas.space.reference.random_weights import random_weights


def read_back(graph: Graph) -> Graph:
    return read_bytes(write(random_weights(graph, seed=0)), "random.tflite")


@pytest.mark.parametrize("name", REFERENCE_NETS)
def test_published_networks(name: str) -> None:
    graph = shape_graph(reference_net(name))
    assert [op.kind for op in read_back(graph).ops] == [op.kind for op in graph.ops]


@pytest.mark.parametrize("name", SPACES)
def test_networks_of_each_space(name: str) -> None:
    """Those of the cell space end in concatenations, whose inputs TFLite's kernel does not rescale."""
    rng, space = np.random.default_rng(7), make_space(SpaceConfig(name=name), (32, 32, 3), 10)
    joined = 0
    for _ in range(12):
        graph = read_back(shape_graph(space.net(space.sample(rng))))
        for op in graph.ops:
            if op.kind == "CONCATENATION":
                quants = {graph.tensors[t].quant for t in (*op.inputs, *op.outputs)}
                assert len(quants) == 1
                joined += 1
    assert joined or name != "cell"
