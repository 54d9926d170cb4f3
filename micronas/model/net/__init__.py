"""Networks as layers and edges, and their int8 graph computed without any framework."""

from micronas.model.net.layers import (
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
    SoftmaxLayer,
)
from micronas.model.net.net import Net, NetBuilder, Node
from micronas.model.net.shape_graph import shape_graph
from micronas.model.net.shapes import Shape
from micronas.model.op_attributes import Activation, Padding

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
    "SoftmaxLayer",
    "shape_graph",
]
