"""Lowering: graph op -> the C kernel that runs it, its constants and its scratch.

One file per op. A lowering is what the planner (scratch, in-place), the ledger (constants) and the code
generator (text) share, so none of the three can disagree about a byte. It works on shape-only graphs:
sizes never depend on values; only ``Constant.values`` is then None. ``lower_graph`` is in
``micronas.codegen.lowering.lower``, the bytes of what it returns in ``micronas.codegen.lowering.sizes``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.board import Core


@dataclass(frozen=True, eq=False)
class Constant:
    """A const array in flash: ``ctype name[count]``.

    ``values`` has ``count`` rows; a struct element (``mn_channel``) has a column per member.
    """

    name: str
    ctype: str
    count: int
    values: npt.NDArray[np.generic] | None = None


@dataclass(frozen=True)
class Ref:
    """Points at a constant of the same op, by the constant's name."""

    constant: str


FieldValue: TypeAlias = int | float | Ref | tuple[int, ...]


@dataclass(frozen=True)
class StructField:
    """A member of a parameter struct; a tuple is an array, a dotted name a member of a nested struct."""

    name: str
    ctype: str
    value: FieldValue


Argument: TypeAlias = int | Ref
"""What a kernel reads: a tensor of the graph, by its index, or a constant of the op."""


@dataclass(frozen=True)
class Tiles:
    """How a convolution runs by rows of tiles of 2x2 outputs, with fewer multiplications; see
    ``lowering.blocks``.

    ``kernel`` takes ``params_type``, which holds the op's own parameters as the member ``member``. It needs
    ``fixed_bytes``, and ``quad_bytes`` for every four tiles that it takes at a time. There are ``down`` rows
    of ``across`` tiles, and as many as ``most_quads`` quads pay.
    """

    kernel: str
    params_type: str
    member: str
    fixed_bytes: int
    quad_bytes: int
    across: int
    down: int
    most_quads: int

    def scratch_bytes(self, rows: int) -> int:
        """Scratch for ``rows`` rows at a time."""
        return self.fixed_bytes + self.quad_bytes * self._quads(rows)

    def pays(self, rows: int) -> bool:
        """Whether enough places of all quads hold outputs, by ``rows`` rows at a time."""
        whole, rest = divmod(self.down, rows)
        return whole * self._quads(rows) + self._quads(rest) <= self.most_quads

    def _quads(self, rows: int) -> int:
        return -(-rows * self.across // 4)


@dataclass(frozen=True)
class Swap:
    """Another kernel for an op: it is faster and needs more scratch.

    Its parameters are the op's own, or a ``params_type`` that holds these as ``member``, then ``fields``.
    """

    kernel: str
    scratch_bytes: int
    params_type: str | None = None
    member: str = ""
    fields: tuple[StructField, ...] = ()


@dataclass(frozen=True)
class Blocks:
    """How an op runs by blocks of quads of pixels if there is enough scratch; see ``lowering.blocks``.

    ``kernel`` takes ``params_type``, which holds the op's own parameters as the member ``member``. A block
    needs ``fixed_bytes`` and ``quad_bytes`` for each of its quads, and also ``stage_bytes`` if it has more
    than one. More than ``most_quads`` have no effect. Where there is room for ``tiles`` or for
    ``special``, a kernel for some shapes, these are faster; an op has at most one of them.
    """

    kernel: str
    params_type: str
    member: str
    fixed_bytes: int
    quad_bytes: int
    stage_bytes: int
    most_quads: int
    tiles: Tiles | None = None
    special: Swap | None = None


@dataclass(frozen=True)
class Bands:
    """How an op runs by bands of its output's rows. Longer bands have less setup and move fewer bytes.

    A band needs ``fixed_bytes`` and ``row_bytes`` for each of its rows. The parameter ``plane_h`` is the
    number of input rows under its windows, given by ``stride`` and ``kernel_h``.
    """

    fixed_bytes: int
    row_bytes: int
    most_rows: int
    stride: int
    kernel_h: int

    def plane_h(self, rows: int) -> int:
        """Rows of the plane under a band."""
        return (rows - 1) * self.stride + self.kernel_h

    def scratch_bytes(self, rows: int) -> int:
        """Scratch for bands of ``rows`` rows."""
        return self.fixed_bytes + self.row_bytes * rows


@dataclass(frozen=True)
class RowMember:
    """A member of an op's parameters that a step of rows sets: ``scale`` times the step's count ``of``."""

    member: str
    of: str
    scale: int = 1


@dataclass(frozen=True)
class RowCall:
    """How an op runs row by row: its parameters are copied, and ``members`` set for the rows of a step.

    ``x_bytes`` and ``y_bytes`` are bytes of a row of its inputs and its output, ``rows`` the most rows of a
    step, ``stride`` the rows of input from one row of output to the next, ``heights`` the rows of each step
    of one run. ``lasting`` scratch is kept from the op's first step to its last. In ``moves`` further steps
    rows of its output only move.
    """

    members: tuple[RowMember, ...]
    x_bytes: int
    y_bytes: int
    rows: int
    stride: int = 1
    heights: tuple[int, ...] = ()
    lasting: bool = False
    moves: int = 0

    @property
    def steps(self) -> int:
        """The steps of one run."""
        return len(self.heights) + self.moves


@dataclass(frozen=True, eq=False)
class Lowered:
    """One op, ready for a kernel call ``kernel(&params, inputs..., [scratch,] outputs...)``.

    ``params`` are the members of the C struct ``params_type`` in order. ``arguments`` are the inputs as
    the kernel takes them; scratch is passed when ``scratch_bytes`` is not 0. ``gathers_inputs`` kernels
    take all inputs as one array of pointers, ``gathers_outputs`` kernels all outputs. ``in_place`` lists
    the activation inputs (positions in the graph op) whose memory the output may take over when the input
    dies at this op, both then starting at the same byte; ``is_copy`` says that the op then has nothing left
    to do. The output may also lie on the only activation input, if that dies, when it starts at least
    ``lead_bytes`` before it, or at least ``lag_bytes`` after it (``micronas.codegen.lowering.overlap``).
    ``blocks`` says how the op runs faster with more scratch, under the same rules of overlap. With
    ``row_call`` the op runs on some rows at a time.
    """

    op_index: int
    kernel: str
    header: str
    params_type: str
    params: tuple[StructField, ...]
    constants: tuple[Constant, ...]
    arguments: tuple[Argument, ...]
    scratch_bytes: int = 0
    in_place: tuple[int, ...] = ()
    lead_bytes: int | None = None
    lag_bytes: int | None = None
    is_copy: bool = False
    gathers_inputs: bool = False
    gathers_outputs: bool = False
    blocks: Blocks | Bands | Swap | None = None
    row_call: RowCall | None = None


@dataclass(frozen=True)
class Target:
    """What kernel selection depends on.

    ``least_scratch``: of several kernels for an op, the one with the least scratch, not the fastest.
    ``no_scratch``: those without any, however slow they are.
    ``upright``: none that exchanges rows and columns.
    ``by_rows``: the op runs on some rows of its output at a time, so no kernel takes whole columns.
    """

    core: Core
    least_scratch: bool = False
    no_scratch: bool = False
    upright: bool = False
    by_rows: bool = False
