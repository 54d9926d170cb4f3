"""What a space provides for a search with a backbone: the backbone, and the architecture of its choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Protocol

import numpy as np

from micronas.errors import ConfigError
from micronas.space import Arch, Space
from micronas.space.layerwise import Block, LayerwiseArch, LayerwiseSpace, Stem
from micronas.space.micronets import MicronetsArch, MicronetsSpace, SlotGenes
from micronas.strategy.dnas.backbone import ChoiceBackbone, draw_layout, make_backbone
from micronas.strategy.dnas.micronets_backbone import make_micronets_backbone


@dataclass(frozen=True)
class ChosenNetwork:
    """One network of a backbone: the index of the stem's kernel, the stem's width, and all blocks.

    Each block comes with whether it is kept.
    """

    stem_kernel: int
    stem_width: int
    blocks: tuple[tuple[Block, bool], ...]


class SpaceBackbone(Protocol):
    """The networks of one space as choices of a backbone."""

    @property
    def widths(self) -> Sequence[int]:
        """The allowed widths, ascending."""
        ...

    def backbone(self, widest: int, rng: np.random.Generator) -> ChoiceBackbone:
        """A backbone with widths up to ``widest``; what the space does not fix is drawn."""
        ...

    def arch(self, backbone: ChoiceBackbone, chosen: ChosenNetwork) -> Arch:
        """The canonical architecture; skipped blocks are removed."""
        ...


@singledispatch
def space_backbone(space: Space) -> SpaceBackbone:
    """The backbone of ``space``, which a space registers; raises ``ConfigError`` for one without."""
    raise ConfigError(f"strategy dnas does not search a {type(space).__name__}")


@space_backbone.register(LayerwiseSpace)
@dataclass(frozen=True, eq=False)
class LayerwiseBackbone:
    """The blocks that halve planes are drawn."""

    space: LayerwiseSpace

    @property
    def widths(self) -> Sequence[int]:
        """See ``SpaceBackbone``."""
        return self.space.limits.widths

    def backbone(self, widest: int, rng: np.random.Generator) -> ChoiceBackbone:
        """See ``SpaceBackbone``."""
        return make_backbone(self.space, draw_layout(self.space, widest, rng))

    def arch(self, backbone: ChoiceBackbone, chosen: ChosenNetwork) -> Arch:
        """See ``SpaceBackbone``."""
        kernel, stride = backbone.stem_genes[chosen.stem_kernel]
        blocks = tuple(block for block, is_kept in chosen.blocks if is_kept)
        raw = LayerwiseArch(Stem(kernel, stride, chosen.stem_width), blocks)
        return self.space.from_json(self.space.to_json(raw))


@space_backbone.register(MicronetsSpace)
@dataclass(frozen=True, eq=False)
class MicronetsBackbone:
    """The skeleton fixes the blocks that halve planes."""

    space: MicronetsSpace

    @property
    def widths(self) -> Sequence[int]:
        """See ``SpaceBackbone``."""
        return self.space.limits.widths

    def backbone(self, widest: int, rng: np.random.Generator) -> ChoiceBackbone:
        """See ``SpaceBackbone``; nothing is drawn."""
        return make_micronets_backbone(self.space, widest)

    def arch(self, backbone: ChoiceBackbone, chosen: ChosenNetwork) -> Arch:
        """See ``SpaceBackbone``."""
        slots = (SlotGenes(block.width, block.expansion, is_kept) for block, is_kept in chosen.blocks)
        raw = MicronetsArch(chosen.stem_width, tuple(slots))
        return self.space.from_json(self.space.to_json(raw))
