"""The genotype of the MicroNets space (Banbury et al. 2021): a width per layer, and which layers to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from micronas.space.optional_gene import Options


class Backbone(Enum):
    """The kind of block in the skeleton's slots."""

    DS_CNN = "ds_cnn"
    """Depthwise-separable blocks: keyword spotting and anomaly detection."""
    MOBILENET_V2 = "mobilenet_v2"
    """Inverted bottlenecks: visual wake words."""


@dataclass(frozen=True)
class SlotGenes:
    """One block: its output width, the expansion of an inverted bottleneck, and whether it exists."""

    width: int
    expansion: int = 1
    kept: bool = True


@dataclass(frozen=True)
class MicronetsArch:
    """Width of the stem and the genes of every slot."""

    stem: int
    slots: tuple[SlotGenes, ...]


@dataclass(frozen=True)
class MicronetsLimits:
    """Which genes are allowed; the skeleton has ``slots`` blocks, of which ``min_blocks`` are kept."""

    backbone: Backbone = Backbone.DS_CNN
    slots: int = 6
    min_blocks: int = 2
    min_width: int = 4
    max_width: int = 64
    expansions: tuple[int, ...] = (2, 3, 4, 6)
    optional: Options = field(default_factory=dict, hash=False)

    @property
    def widths(self) -> tuple[int, ...]:
        """Multiples of 4: int8 kernels take four channels at a time."""
        return tuple(range(self.min_width, self.max_width + 1, 4))

    @property
    def allowed_expansions(self) -> tuple[int, ...]:
        """A depthwise-separable block has no expansion."""
        return self.expansions if self.backbone is Backbone.MOBILENET_V2 else (1,)
