"""A normalised sensor stream as constants of ``mn_stream`` (``firmware/lib/mn_front_end/mn_stream.h``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError
from micronas.model.front_end import FrontEnd
from micronas.model.front_end.definition import Parameter
from micronas.model.graph import Quant

STRUCT_BYTES = 12
"""``sizeof(mn_stream)`` on a 32-bit target."""


@dataclass(frozen=True, eq=False)
class StreamTables:
    """Every field of the C struct; see its header. ``gains`` and ``offsets`` are float32 (channels,).

    ``hop`` is the number of rows from one window to the next in the training data.
    """

    window: int
    channels: int
    hop: int
    gains: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.float32]

    @property
    def constant_bytes(self) -> int:
        """The tables and the struct, on a 32-bit target."""
        return self.gains.nbytes + self.offsets.nbytes + STRUCT_BYTES

    @property
    def feature_bytes(self) -> int:
        """The rows of one window."""
        return self.window * self.channels


def stream_tables(front_end: FrontEnd, shape: tuple[int, ...], quant: Quant) -> StreamTables:
    """The constants for inputs of ``shape`` (window, 1, channels) with the scale and zero point of ``quant``.

    The scale of the values, mean, spread and quantization become one product and one sum. Raises
    ``ModelError`` for parameters that do not suit ``shape``.
    """
    window, height, channels = shape
    parameters = front_end.parameters
    mean = _per_channel(parameters, "mean", 0.0, channels)
    spread = _per_channel(parameters, "spread", 1.0, channels)
    if height != 1 or (spread <= 0).any():
        raise ModelError(f"the front end {front_end.name} does not describe a stream: shape {shape}")
    scale = float(str(parameters.get("scale", 1.0)))
    step = spread * quant.scale[0]
    return StreamTables(
        window=window,
        channels=channels,
        hop=int(float(str(parameters.get("hop", max(1, window // 2))))),
        gains=(scale / step).astype(np.float32),
        offsets=(quant.zero_point[0] - mean / step).astype(np.float32),
    )


def _per_channel(
    parameters: Mapping[str, Parameter], name: str, default: float, channels: int
) -> npt.NDArray[np.float64]:
    values = np.asarray(parameters.get(name, [default] * channels), np.float64)
    if values.shape != (channels,):
        raise ModelError(f"the front end has {values.size} values of {name} for {channels} channels")
    return values
