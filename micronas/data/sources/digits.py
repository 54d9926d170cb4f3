"""1,797 hand-written digits of 8 x 8 pixels, included in micronas: small enough for quick experiments."""

from __future__ import annotations

import numpy as np

from micronas.config import DataConfig
from micronas.data.dataset import DataKind, FrontEnd
from micronas.data.samples import Samples
from micronas.data.sources.options import refuse_unknown
from micronas.data.sources.packaged import packaged


def load_digits8(config: DataConfig) -> Samples:
    """8 x 8 grey images; ink counts 0..16 become 0..1."""
    refuse_unknown("digits", config.options, ())
    x, y = packaged("digits")
    return Samples(
        name="digits",
        kind=DataKind.IMAGE,
        x=(x[..., np.newaxis] / 16).astype(np.float32),
        y=y.astype(np.int64),
        class_names=tuple("0123456789"),
        input_range=(0.0, 1.0),
        front_end=FrontEnd("grey", 1, {"height": 8, "width": 8, "divide_by": 16}),
    )
