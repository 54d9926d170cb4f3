"""The data sets that come with micronas: ``files/NAME.npz``; source and licence in ``files/NAME.txt``."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def packaged(name: str) -> tuple[Bytes, Bytes]:
    """Images (samples, height, width) and labels (samples,) of ``name``, as their source has them."""
    with (files("micronas.data") / "files" / f"{name}.npz").open("rb") as file:
        arrays = np.load(file)
        return arrays["x"], arrays["y"]
