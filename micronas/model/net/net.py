"""``Net``: a network as layers and edges, the interface between search spaces and back ends.

    >>> from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder, SoftmaxLayer
    >>> builder = NetBuilder((28, 28, 1))
    >>> net = builder.chain(Conv(8, 3, 3, 2, 2), GlobalAveragePool(), Dense(10), SoftmaxLayer()).build()
    >>> net.shapes[-1], net.macs
    ((10,), 14192)

Nodes are in execution order, so an index into ``nodes`` also orders the operators of the int8 graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from micronas.errors import SpaceError
from micronas.model.net.counts import layer_macs, layer_parameters
from micronas.model.net.layers import Input, Layer
from micronas.model.net.shapes import Shape, output_shape


@dataclass(frozen=True)
class Node:
    """One layer and the indices of the nodes that it reads."""

    layer: Layer
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True)
class Net:
    """A checked network: node 0 is the input, the last node is the output.

    Raises ``SpaceError`` that names the node if an edge points forward, a node is never read, or shapes do
    not agree.
    """

    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if not self.nodes or not isinstance(self.nodes[0].layer, Input):
            raise SpaceError("a network starts with its Input")
        self._check_edges()
        _ = self.shapes

    @classmethod
    def of_shapes(cls, nodes: tuple[Node, ...], shapes: tuple[Shape, ...]) -> Net:
        """The network of ``nodes``, an Input first, whose output ``shapes`` are computed already."""
        net = cls.__new__(cls)
        vars(net).update(nodes=nodes, shapes=shapes)
        net._check_edges()
        return net

    def _check_edges(self) -> None:
        read: set[int] = set()
        for index, node in enumerate(self.nodes[1:], start=1):
            if not node.inputs or not all(0 <= i < index for i in node.inputs):
                raise SpaceError(f"node {index} ({node.layer}) reads {node.inputs}, not earlier nodes")
            read.update(node.inputs)
        unread = sorted(set(range(len(self.nodes) - 1)) - read)
        if unread:
            raise SpaceError(f"node {unread[0]} ({self.nodes[unread[0]].layer}) is never read")

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """Output shape of every node, without the batch dimension."""
        shapes: list[Shape] = []
        for index, node in enumerate(self.nodes):
            shapes.append(output_shape(node.layer, [shapes[i] for i in node.inputs], f"node {index}"))
        return tuple(shapes)

    @property
    def input_shape(self) -> Shape:
        """Shape of the data without the batch dimension."""
        return self.shapes[0]

    @property
    def output_shape(self) -> Shape:
        """Shape of the result without the batch dimension."""
        return self.shapes[-1]

    def input_shapes(self, index: int) -> list[Shape]:
        """Shapes that node ``index`` reads."""
        return [self.shapes[i] for i in self.nodes[index].inputs]

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one inference: convolutions and dense layers, padding included."""
        return sum(
            layer_macs(node.layer, self.input_shapes(i), self.shapes[i]) for i, node in enumerate(self.nodes)
        )

    @cached_property
    def parameters(self) -> int:
        """Weights and biases as deployed, batch normalisation folded away."""
        return sum(layer_parameters(n.layer, self.input_shapes(i)) for i, n in enumerate(self.nodes))


class NetBuilder:
    """Adds layers one by one; ``last`` is the node that the next layer reads by default."""

    def __init__(self, input_shape: Shape) -> None:
        self._nodes = [Node(Input(input_shape))]
        self._shapes = [output_shape(Input(input_shape), [], "node 0")]
        self.last = 0

    def add(self, layer: Layer, *inputs: int) -> int:
        """Appends ``layer`` reading ``inputs`` (default: the last node) and returns its index."""
        sources = inputs or (self.last,)
        shape = output_shape(layer, [self._shapes[i] for i in sources], f"node {len(self._nodes)}")
        self._nodes.append(Node(layer, sources))
        self._shapes.append(shape)
        self.last = len(self._nodes) - 1
        return self.last

    def chain(self, *layers: Layer) -> NetBuilder:
        """Appends ``layers`` in sequence."""
        for layer in layers:
            self.add(layer)
        return self

    def shape(self, index: int | None = None) -> Shape:
        """Output shape of a node (default: the last)."""
        return self._shapes[self.last if index is None else index]

    def build(self) -> Net:
        """The finished network."""
        return Net.of_shapes(tuple(self._nodes), tuple(self._shapes))
