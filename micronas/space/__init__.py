"""Search spaces: which networks may be proposed, and how to get from one to the next."""

from __future__ import annotations

from micronas.config import SpaceConfig
from micronas.errors import SpaceError
from micronas.space.base import Arch, Space
from micronas.space.cell import CellLimits, CellSpace
from micronas.space.layerwise import LayerwiseSpace, Limits

__all__ = ["SPACES", "Arch", "Space", "make_space"]

SPACES = ("layerwise", "cell")


def make_space(config: SpaceConfig, input_shape: tuple[int, ...], n_classes: int) -> Space:
    """The space that ``config`` describes, for data of that shape; raises ``SpaceError`` if it has none."""
    match config.name:
        case "layerwise":
            return LayerwiseSpace(_image_shape(input_shape), n_classes, _limits(config))
        case "cell":
            return CellSpace(_image_shape(input_shape), n_classes, _cell_limits(config))
    raise SpaceError(f"unknown space {config.name!r}", remedy=f"known spaces: {', '.join(SPACES)}")


def _image_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Sensor windows (length, channels) become (length, 1, channels)."""
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    raise SpaceError(f"inputs of shape {shape} are no (height, width, channels)")


def _limits(config: SpaceConfig) -> Limits:
    return Limits(
        min_blocks=config.min_blocks,
        max_blocks=config.max_blocks,
        min_width=config.min_width,
        max_width=config.max_width,
        kernels=tuple(sorted(config.kernels)),
        expansions=tuple(sorted(config.expansions)),
    )


def _cell_limits(config: SpaceConfig) -> CellLimits:
    """The blocks of the configuration are cells here."""
    return CellLimits(
        min_cells=config.min_blocks,
        max_cells=config.max_blocks,
        min_width=config.min_width,
        max_width=config.max_width,
    )
