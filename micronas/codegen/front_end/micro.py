"""A "micro" front end as constants of ``mn_micro`` (``firmware/lib/mn_front_end/mn_micro.h``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError
from micronas.model.front_end.micro import (
    FEATURE_SCALE,
    LEAST_POINTS,
    MOST_POINTS,
    Micro,
    filters,
    gain_table,
    quarter_wave,
    window_weights,
)
from micronas.model.graph import Quant

STRUCT_BYTES = 48
"""``sizeof(mn_micro)`` on a 32-bit target."""
STEP_BITS = 24
MOST_STEPS = 255.0
"""Input steps per unit of the 16-bit features that ``steps`` can hold."""
BOTH_UP = 0x8000
"""Marks a bin whose two shares are halves that both round up."""


@dataclass(frozen=True, eq=False)
class MicroTables:
    """Every field of the C struct; see its header. ``gains`` int16 (32, 3) is None without gain control."""

    spec: Micro
    frames: int
    weights: npt.NDArray[np.int16]
    cosines: npt.NDArray[np.int16]
    edges: npt.NDArray[np.uint16]
    falling: npt.NDArray[np.uint16]
    gains: npt.NDArray[np.int16] | None
    steps: int
    zero_point: int

    @property
    def values(self) -> int:
        """Of a frame: bands."""
        return self.spec.bands

    @property
    def constant_bytes(self) -> int:
        """The tables and the struct, on a 32-bit target."""
        tables = (self.weights, self.cosines, self.edges, self.falling)
        gain_bytes = 0 if self.gains is None else self.gains.nbytes
        return sum(table.nbytes for table in tables) + gain_bytes + STRUCT_BYTES

    @property
    def sample_bytes(self) -> int:
        """One window of 16-bit samples."""
        return 2 * self.spec.window

    @property
    def noise_bytes(self) -> int:
        """The estimates of the noise."""
        return 4 * self.spec.bands

    @property
    def feature_bytes(self) -> int:
        """The frames of one input."""
        return self.frames * self.values

    @property
    def scratch_bytes(self) -> int:
        """Of the transform; free between frames."""
        return 4 * self.spec.fft


def micro_tables(spec: Micro, frames: int, quant: Quant) -> MicroTables:
    """The constants for inputs of ``frames`` with the scale and zero point of ``quant``.

    Raises ``ModelError`` for a transform of a size that the C does not have, or a scale that it cannot hold.
    """
    if not LEAST_POINTS <= spec.fft <= MOST_POINTS:
        raise ModelError(
            f"the front end transforms {spec.fft} points; its C code takes powers of two from "
            f"{LEAST_POINTS} to {MOST_POINTS}",
            remedy="change data.options.window_ms",
        )
    steps = FEATURE_SCALE / quant.scale[0]
    if not steps <= MOST_STEPS:
        raise ModelError(
            f"an input of scale {quant.scale[0]:g} is too small for the C code of the front end",
            remedy="train the network on the features of this front end, whose values are 0 to 26",
        )
    bank = filters(spec)
    both_up = (bank.falling + bank.rising) > 4096
    return MicroTables(
        spec=spec,
        frames=frames,
        weights=window_weights(spec),
        cosines=quarter_wave(spec.fft),
        edges=bank.edges.astype(np.uint16),
        falling=(bank.falling | np.where(both_up, BOTH_UP, 0)).astype(np.uint16),
        gains=gain_table(spec) if spec.pcan else None,
        steps=round(2**STEP_BITS * steps),
        zero_point=quant.zero_point[0],
    )
