"""The data sets that come with micronas: ``files/NAME.npz``; source and licence in ``files/NAME.txt``."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data.dataset import DataKind, FrontEnd
from micronas.data.samples import Samples
from micronas.data.sources.options import refuse_unknown

Bytes = npt.NDArray[np.uint8]


def packaged(name: str) -> tuple[Bytes, Bytes]:
    """Images (samples, height, width) and labels (samples,) of ``name``, as their source has them."""
    with (files("micronas.data") / "files" / f"{name}.npz").open("rb") as file:
        arrays = np.load(file)
        return arrays["x"], arrays["y"]


def digit_images(name: str, config: DataConfig, full_ink: int) -> Samples:
    """The set ``name`` as grey images of ten digits: 0 is background, ``full_ink`` becomes 1."""
    refuse_unknown(name, config.options, ())
    x, y = packaged(name)
    height, width = x.shape[1:]
    return Samples(
        name=name,
        kind=DataKind.IMAGE,
        x=(x[..., np.newaxis] / full_ink).astype(np.float32),
        y=y.astype(np.int64),
        class_names=tuple("0123456789"),
        input_range=(0.0, 1.0),
        front_end=FrontEnd("grey", 1, {"height": height, "width": width, "divide_by": full_ink}),
    )
