"""The MicroNets backbones: a fixed skeleton whose widths and depth are searched."""

from micronas.space.micronets.arch import Backbone, MicronetsArch, MicronetsLimits, SlotGenes
from micronas.space.micronets.space import MicronetsSpace

__all__ = ["Backbone", "MicronetsArch", "MicronetsLimits", "MicronetsSpace", "SlotGenes"]
