"""Networks whose arena has a size that the test chooses."""

from __future__ import annotations

from micronas.model.graph import Graph
from micronas.model.net import Add, Conv, DepthwiseConv, Net, NetBuilder, shape_graph
from micronas.space.reference.ds_cnn import pooled_classifier
from tests.support.weights import random_weights


def network(side: int) -> Graph:
    """One whose arena takes side^2 bytes of input at least, and half of that more for its output at most."""
    net = pooled_classifier(NetBuilder((side, side, 1)).chain(Conv(8, 3, 3, 4, 4)), 10)
    return random_weights(shape_graph(net))


def skip_net(channels: int, kept: int, colours: int = 1) -> Net:
    """``kept`` tensors of 32 x 32 x ``channels`` are live at once: each is added to the last in the end."""
    builder = NetBuilder((32, 32, colours))
    nodes = [builder.add(Conv(channels, 1, 1, 1, 1))]
    nodes += [builder.add(DepthwiseConv(3, 3, 1, 1)) for _ in range(kept - 1)]
    for node in reversed(nodes[:-1]):
        builder.add(Add(), builder.last, node)
    return pooled_classifier(builder, 10)


def skip_graph(channels: int, kept: int, colours: int = 1) -> Graph:
    return random_weights(shape_graph(skip_net(channels, kept, colours)))
