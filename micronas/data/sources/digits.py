"""1,797 hand-written digits of 8 x 8 pixels, included in micronas: small enough for quick experiments."""

from __future__ import annotations

from micronas.config import DataConfig
from micronas.data.samples import Samples
from micronas.data.sources.packaged import digit_images


def load_digits8(config: DataConfig) -> Samples:
    """8 x 8 grey images; ink counts 0..16 become 0..1."""
    return digit_images("digits", config, full_ink=16)
