"""Search spaces: the networks that may be proposed, and the steps between them."""

from __future__ import annotations

import difflib

from micronas.errors import SpaceError
from micronas.host.plugin import Part, find, is_plugged_in
from micronas.space.autoencoder import AutoencoderSpace
from micronas.space.base import Arch, Space
from micronas.space.cell import CellLimits, CellSpace
from micronas.space.layerwise import LayerwiseSpace, Limits
from micronas.space.micronets import Backbone, MicronetsLimits, MicronetsSpace
from micronas.space.mlp import MlpLimits, MlpSpace
from micronas.space.space_config import SpaceConfig

__all__ = ["ANOMALY_SPACES", "SPACES", "Arch", "Space", "check_space", "make_space"]

SPACES = ("layerwise", "cell", "micronets", "mlp", "autoencoder")

ANOMALY_SPACES = ("autoencoder",)
"""Spaces whose networks reconstruct their input instead of classifying it."""


def make_space(config: SpaceConfig, input_shape: tuple[int, ...], n_classes: int) -> Space:
    """The space that ``config`` describes, for data of this shape; raises ``SpaceError`` if there is none.

    ``n_classes`` is 1 for a regression: the networks then end in one linear output.
    """
    if config.name not in SPACES and is_plugged_in(config.name, Part.SPACE):
        own: Space = find(config.name, Part.SPACE)(input_shape, n_classes)
        return own
    match config.name:
        case "layerwise":
            shape = _image_shape(input_shape)
            return LayerwiseSpace(shape, n_classes, _limits(config, shape))
        case "cell":
            return CellSpace(_image_shape(input_shape), n_classes, _cell_limits(config))
        case "micronets":
            return MicronetsSpace(_image_shape(input_shape), n_classes, _micronets_limits(config))
        case "mlp":
            return MlpSpace(input_shape, n_classes, _mlp_limits(config))
        case "autoencoder":
            return AutoencoderSpace(input_shape, n_classes, _mlp_limits(config))
    raise _unknown(config.name)


def check_space(name: str) -> None:
    """Raise ``SpaceError`` with the nearest known name unless space ``name`` exists."""
    if name not in SPACES and not is_plugged_in(name, Part.SPACE):
        raise _unknown(name)


def _unknown(name: str) -> SpaceError:
    near = difflib.get_close_matches(name, SPACES, n=1) or [n for n in SPACES if name and name in n]
    hint = f"did you mean {near[0]!r}? " if near else ""
    return SpaceError(f"space.name: unknown space {name!r}", remedy=f"{hint}Known: {', '.join(SPACES)}")


def _image_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Sensor windows (length, channels) become (length, 1, channels)."""
    if len(shape) == 3:
        return shape[0], shape[1], shape[2]
    if len(shape) == 2:
        return shape[0], 1, shape[1]
    raise SpaceError(f"inputs of shape {shape} are not (height, width, channels)")


_STREAM = 512
"""Inputs at least this long start with strides of up to 16: raw audio and long sensor windows."""


def _limits(config: SpaceConfig, shape: tuple[int, int, int]) -> Limits:
    return Limits(
        min_blocks=config.min_blocks,
        max_blocks=config.max_blocks,
        min_width=config.min_width,
        max_width=config.max_width,
        kernels=tuple(sorted(config.kernels)),
        expansions=tuple(sorted(config.expansions)),
        stem_strides=(1, 2, 4, 8, 16) if max(shape[:2]) >= _STREAM else (1, 2),
        optional=config.gene_options(),
    )


def _cell_limits(config: SpaceConfig) -> CellLimits:
    """For this space, the blocks of the configuration are cells."""
    return CellLimits(
        min_cells=config.min_blocks,
        max_cells=config.max_blocks,
        min_width=config.min_width,
        max_width=config.max_width,
        optional=config.gene_options(),
    )


def _mlp_limits(config: SpaceConfig) -> MlpLimits:
    """For this space, the blocks of the configuration are hidden layers."""
    return MlpLimits(config.min_blocks, config.max_blocks, config.min_width, config.max_width)


def _micronets_limits(config: SpaceConfig) -> MicronetsLimits:
    """``max_blocks`` is the length of the skeleton."""
    return MicronetsLimits(
        backbone=Backbone(config.backbone),
        slots=config.max_blocks,
        min_blocks=config.min_blocks,
        min_width=config.min_width,
        max_width=config.max_width,
        expansions=tuple(sorted(config.expansions)),
        optional=config.gene_options(),
    )
