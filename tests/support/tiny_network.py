"""The smallest network that is still one: for chips and builds where the network does not matter."""

from __future__ import annotations

from micronas.model.net import Conv, Net, NetBuilder
from micronas.space.reference.ds_cnn import pooled_classifier


def tiny_net() -> Net:
    """A network for chips that DS-CNN is too large for: 16 x 16 x 1, one convolution, ten classes."""
    return pooled_classifier(NetBuilder((16, 16, 1)).chain(Conv(8, 3, 3, 2, 2)), 10)
