"""Constant-channel elimination: the same network without the channels that no input can change.

Training with batch normalisation and weight decay leaves channels whose weights are all zero: they hold
one value whatever the input is. Whoever reads them can have that value in its bias, and the channel, the
weights that made it and the weights that read it go away. Outputs stay equal in every bit.

    smaller = remove_constant_channels(graph)

Three steps, a module each: ``values`` finds the channels that are constant, ``needs`` those that must
stay, ``rewrite`` builds the smaller graph.
"""

from __future__ import annotations

from micronas.model.constant_channels.required_channels import kept_channels
from micronas.model.constant_channels.rewrite import rewrite
from micronas.model.constant_channels.values import constant_values
from micronas.model.graph import Graph

__all__ = ["remove_constant_channels"]


def remove_constant_channels(graph: Graph) -> Graph:
    """``graph`` without constant channels; it needs values, so a trained network, not a shape-only one."""
    values = constant_values(graph)
    return rewrite(graph, kept_channels(graph, values), values)
