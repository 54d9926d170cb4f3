"""5,000 MNIST digits, 500 of each class, included in micronas."""

from __future__ import annotations

from micronas.config import DataConfig
from micronas.data.samples import Samples
from micronas.data.sources.packaged import digit_images


def load_mnist5k(config: DataConfig) -> Samples:
    """28 x 28 grey images; 0 is background, 1 is full ink."""
    return digit_images("mnist5k", config, full_ink=255)
