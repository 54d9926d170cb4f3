"""Trained weights as the start of another training: of the same network, or of one with another head."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.errors import TrainError
from micronas.model.net import Net
from micronas.train.weights import Weights, initial_weights, kernel_shape


@dataclass(frozen=True, eq=False)
class Start:
    """The weights that a training starts with; ``new_head`` if those of the last layer are new."""

    weights: Weights
    new_head: bool


def start_from(weights: Weights, old: Net, net: Net, seed: int, *, new_head: bool = False) -> Start:
    """``weights`` of ``old`` for ``net``, the same architecture for other data.

    The last layer with weights starts from scratch if its shape differs, or if ``new_head`` says that its
    outputs mean something else. Raises ``TrainError`` if any other layer does not fit.
    """
    fresh = initial_weights(net, seed)
    if len(fresh) != len(weights):
        raise TrainError(
            f"the network has {len(fresh)} layers for these data, and had {len(weights)} when it was trained",
            remedy="give data whose inputs have the shape of the trial's",
        )
    head = max(index for index, node in enumerate(fresh) if node)
    for index in range(head):
        before, now = kernel_shape(old, index), kernel_shape(net, index)
        if before != now:
            raise TrainError(
                f"layer {index} ({net.nodes[index].layer}) has a kernel of shape {now} for these data, "
                f"{before} when it was trained",
                remedy="give data whose inputs have the shape of the trial's",
            )
    scratch = new_head or kernel_shape(old, head) != kernel_shape(net, head)
    return Start((*weights[:head], fresh[head] if scratch else weights[head], *weights[head + 1 :]), scratch)
