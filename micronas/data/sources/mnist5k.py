"""5,000 MNIST digits, 500 of each class, included in micronas."""

from __future__ import annotations

import numpy as np

from micronas.config import DataConfig
from micronas.data.dataset import DataKind, FrontEnd
from micronas.data.samples import Samples
from micronas.data.sources.options import refuse_unknown
from micronas.data.sources.packaged import packaged


def load_mnist5k(config: DataConfig) -> Samples:
    """28 x 28 grey images; 0 is background, 1 is full ink."""
    refuse_unknown("mnist5k", config.options, ())
    x, y = packaged("mnist5k")
    return Samples(
        name="mnist5k",
        kind=DataKind.IMAGE,
        x=(x[..., np.newaxis] / 255).astype(np.float32),
        y=y.astype(np.int64),
        class_names=tuple("0123456789"),
        input_range=(0.0, 1.0),
        front_end=FrontEnd("grey", 1, {"height": 28, "width": 28, "divide_by": 255}),
    )
