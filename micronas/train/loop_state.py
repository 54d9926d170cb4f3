"""A training loop's state, free of any framework: what a checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class LoopState:
    """A training in the middle: parameters, statistics, both moments, average; and the steps taken."""

    arrays: tuple[npt.NDArray[np.float32], ...]
    steps: int
