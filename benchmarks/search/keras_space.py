"""The search spaces of the tasks as other tools see them: named choices, and a Keras model of every point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from micronas.space import Arch, Space
from micronas.space.autoencoder import AutoencoderSpace
from micronas.space.layerwise import LayerwiseSpace
from micronas.space.layerwise.arch import Block, BlockKind, LayerwiseArch, Stem
from micronas.space.mlp import MlpArch

Choose: TypeAlias = Callable[[str, Sequence[Any]], Any]
"""(name of a choice, its options in order) -> one of them."""


def chosen(space: Space, choose: Choose) -> Arch:
    """The network of a tool's choices: the same networks as those of micronas' own space."""
    if isinstance(space, AutoencoderSpace):
        return space.canonical(_autoencoder(space, choose))
    assert isinstance(space, LayerwiseSpace)
    return space.canonical(_layerwise(space, choose))


def _autoencoder(space: AutoencoderSpace, choose: Choose) -> MlpArch:
    limits = space.limits
    depth = choose("layers", range(limits.min_layers, limits.max_layers + 1))
    return MlpArch(tuple(choose(f"width_{i}", limits.widths) for i in range(depth)))


def _layerwise(space: LayerwiseSpace, choose: Choose) -> LayerwiseArch:
    limits = space.limits
    stem = Stem(
        choose("stem_kernel", limits.kernels),
        choose("stem_stride", limits.stem_strides),
        choose("stem_width", limits.widths),
    )
    depth = choose("blocks", range(limits.min_blocks, limits.max_blocks + 1))
    return LayerwiseArch(stem, tuple(_block(space, choose, i) for i in range(depth)))


def _block(space: LayerwiseSpace, choose: Choose, number: int) -> Block:
    limits = space.limits
    kind = BlockKind(choose(f"kind_{number}", [kind.value for kind in BlockKind]))
    expansion = choose(f"expansion_{number}", limits.expansions)
    return Block(
        kind,
        choose(f"kernel_{number}", limits.kernels),
        choose(f"stride_{number}", (1, 2)),
        choose(f"width_{number}", limits.widths),
        expansion if kind is BlockKind.INVERTED else 1,
        pool=choose(f"pool_{number}", (False, True)),
    )
