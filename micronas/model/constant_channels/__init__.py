"""Constant-channel elimination: the same network without the channels that no input can change.

Training with batch normalisation and weight decay leaves channels whose weights are all zero: they have the
same value for every input. That value can be added to the biases of the ops that read the channel. The
channel, the weights that compute it and the weights that read it are then removed. Outputs are bit-exact.

    smaller = remove_constant_channels(graph)

There are three steps with one module each: ``values`` finds the constant channels, ``required_channels``
those that must stay, and ``rewrite`` builds the smaller graph.
"""

from __future__ import annotations

from micronas.model.constant_channels.required_channels import kept_channels
from micronas.model.constant_channels.rewrite import rewrite
from micronas.model.constant_channels.values import constant_values
from micronas.model.graph import Graph

__all__ = ["remove_constant_channels"]


def remove_constant_channels(graph: Graph) -> Graph:
    """``graph`` without constant channels, itself if it has none; it must have weights, not only shapes."""
    values = constant_values(graph)
    kept = kept_channels(graph, values)
    if all(mask.all() for mask in kept.values()):
        return graph
    return rewrite(graph, kept, values)
