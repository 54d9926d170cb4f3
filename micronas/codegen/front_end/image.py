"""The front end of pictures as constants of ``mn_image`` (``firmware/lib/mn_front_end/mn_image.h``)."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.errors import ModelError
from micronas.model.front_end import FrontEnd
from micronas.model.graph import Quant

VERSION = 1
STRUCT_BYTES = 16
"""``sizeof(mn_image)`` on a 32-bit target."""
MOST_GAIN = 16.0
"""255 x 16 x 2**20 fits 32 bits without a sign."""


@dataclass(frozen=True)
class ImageTables:
    """Every field of the C struct; see its header."""

    height: int
    width: int
    channels: int
    gain: int
    zero_point: int

    @property
    def constant_bytes(self) -> int:
        """The struct, on a 32-bit target."""
        return STRUCT_BYTES

    @property
    def sum_bytes(self) -> int:
        """Two rows of 32-bit sums."""
        return 8 * self.width * self.channels


def image_tables(front_end: FrontEnd, shape: tuple[int, ...], quant: Quant) -> ImageTables:
    """The constants for inputs of ``shape`` (height, width, channels) with the quantization of ``quant``.

    Division by 255 and quantization become one product, which is 1 for the usual scale of 1/255. Raises
    ``ModelError`` for parameters that the C does not have.
    """
    height, width, channels = shape
    divide_by = float(str(front_end.parameters.get("divide_by", 255)))
    gain = 1.0 / (divide_by * quant.scale[0])
    if channels not in (1, 3) or "mean" in front_end.parameters:
        raise ModelError(
            f"there is no C code for pictures of {channels} channels or for normalised ones",
            remedy="train on grey or colour pictures, scaled by 1/255 only",
        )
    if front_end.parameters.get("resize", "bilinear") != "bilinear" or not 0 < gain < MOST_GAIN:
        raise ModelError(
            f"an input of scale {quant.scale[0]:g} is too small for the C code of the front end",
            remedy="train the network on pictures of this front end, whose values are 0 to 1",
        )
    return ImageTables(height, width, channels, round(2**20 * gain), quant.zero_point[0])
