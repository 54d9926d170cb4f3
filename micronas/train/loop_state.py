"""A training loop's state, independent of any framework: the contents of a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class LoopState:
    """A training in progress: parameters, statistics, both moments, average, and the number of steps."""

    arrays: tuple[npt.NDArray[np.float32], ...]
    steps: int
