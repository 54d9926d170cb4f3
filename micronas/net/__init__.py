"""Networks as layers and edges, and their int8 graph computed without any framework."""

from micronas.graph import Activation, Padding
from micronas.net.layers import (
    Add,
    Apply,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Input,
    Layer,
    Multiply,
    Pool,
    PoolKind,
    Softmax,
)
from micronas.net.net import Net, NetBuilder, Node
from micronas.net.shape_graph import shape_graph
from micronas.net.shapes import Shape

__all__ = [
    "Activation",
    "Add",
    "Apply",
    "Concat",
    "Conv",
    "Dense",
    "DepthwiseConv",
    "Flatten",
    "Function",
    "GlobalAveragePool",
    "Input",
    "Layer",
    "Multiply",
    "Net",
    "NetBuilder",
    "Node",
    "Padding",
    "Pool",
    "PoolKind",
    "Shape",
    "Softmax",
    "shape_graph",
]
