"""Counts of the executed instructions by class, which determine a core's time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClassCounts:
    """Executions of one inference, or of one op of it.

    ``ldr`` are LDR, LDRB, LDRH and their signed forms; ``ldr_paired`` those of them that follow another load
    or store whose result they do not need. ``ldm_words`` and ``stm_words`` include POP and PUSH. ``taken``
    are taken branches of every kind, returns included. ``wide_unaligned_target`` are jumps to a 4-byte
    instruction that does not begin at a word. ``flash_insn`` and ``flash_data`` are reads of flash that miss
    the chip's cache (``FlashCache``): instruction lines and data lines.
    """

    insn: float = 0
    ldr: float = 0
    ldr_paired: float = 0
    store: float = 0
    str_regoffset: float = 0
    ldm_words: float = 0
    stm_words: float = 0
    ldrd: float = 0
    strd: float = 0
    taken: float = 0
    not_taken: float = 0
    wide_unaligned_target: float = 0
    unaligned_access: float = 0
    address_after_alu: float = 0
    div: float = 0
    multiply: float = 0
    flash_insn: float = 0
    flash_data: float = 0

    def vector(self) -> Vector:
        """The counts in the order of ``CLASSES``."""
        return np.array([getattr(self, name) for name in CLASSES], np.float64)

    def __add__(self, other: ClassCounts) -> ClassCounts:
        return from_vector(self.vector() + other.vector())


CLASSES = tuple(field.name for field in fields(ClassCounts))


def from_vector(values: Vector) -> ClassCounts:
    """The inverse of ``ClassCounts.vector``."""
    return ClassCounts(**dict(zip(CLASSES, (float(v) for v in values), strict=True)))
