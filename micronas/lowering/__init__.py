"""Lowering: graph op -> the C kernel that runs it, its constants and its scratch.

One file per op. A lowering is what the planner (scratch, in-place), the ledger (constants) and the code
generator (text) share, so none of the three can disagree about a byte. It works on shape-only graphs:
sizes never depend on values; only ``Constant.values`` is then None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.board import Core


@dataclass(frozen=True, eq=False)
class Constant:
    """A const array in flash: ``ctype name[count]``."""

    name: str
    ctype: str
    count: int
    values: npt.NDArray[np.generic] | None = None


@dataclass(frozen=True)
class Ref:
    """A parameter that points at a constant of the same op, by the constant's name."""

    constant: str


FieldValue: TypeAlias = int | float | Ref | None


@dataclass(frozen=True, eq=False)
class Lowered:
    """One op, ready for a kernel call ``kernel(&params, inputs..., output..., scratch)``.

    ``params`` are the fields of the C struct ``params_type`` in order. ``in_place`` lists the
    activation inputs (positions in the graph op) whose memory the output may take over when the input
    dies at this op. ``scratch_bytes`` is what the kernel needs in the arena while it runs.
    """

    op_index: int
    kernel: str
    header: str
    params_type: str
    params: tuple[tuple[str, FieldValue], ...]
    constants: tuple[Constant, ...]
    scratch_bytes: int = 0
    in_place: tuple[int, ...] = ()
    is_copy: bool = False


@dataclass(frozen=True)
class Target:
    """What kernel selection depends on."""

    core: Core
