"""The arena in C: the generator's view of a memory plan, and the arrays that hold the arena.

An arena is the array ``mn_arena``, which is passed to every op. An arena in several memories continues in
``mn_arena_1`` and so on, one array per further bank, which ops name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from micronas.codegen.row_step import RowSteps


class ArenaBank(Protocol):
    """A part of the arena in a separate memory; ``micronas.memory.plan.Bank`` is one."""

    @property
    def start(self) -> int:
        """Bytes from the arena's start."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes of this part."""
        ...


class ArenaPlan(Protocol):
    """Location of each activation and each op's scratch; ``micronas.memory.plan.Plan`` is one."""

    @property
    def offsets(self) -> Mapping[int, int]:
        """Tensor index -> bytes from the arena's start."""
        ...

    @property
    def scratch_offsets(self) -> Mapping[int, int]:
        """Op index -> bytes from the arena's start, for ops that have scratch."""
        ...

    @property
    def arena_bytes(self) -> int:
        """Bytes of the whole arena."""
        ...

    @property
    def order(self) -> tuple[int, ...]:
        """Op indices in execution order."""
        ...

    @property
    def row_steps(self) -> RowSteps:
        """Steps of the first ops of the order if these run by rows; else empty."""
        ...

    @property
    def banks(self) -> Sequence[ArenaBank]:
        """The parts of an arena in several memories, by offset; empty if it is one piece."""
        ...


def bank_symbol(number: int) -> str:
    """The array of the arena's bank ``number``: ``mn_arena``, ``mn_arena_1``, ..."""
    return f"mn_arena_{number}" if number else "mn_arena"


def bank_section(number: int) -> str:
    """The section by which a linker script places it."""
    return f".bss.{bank_symbol(number)}"


def array_at(plan: ArenaPlan, offset: int) -> tuple[str, int]:
    """The array that holds the arena's byte at ``offset``, and the byte's offset in it."""
    number = max((i for i, bank in enumerate(plan.banks) if bank.start <= offset), default=0)
    return bank_symbol(number), offset - (plan.banks[number].start if plan.banks else 0)


def expression(plan: ArenaPlan, offset: int) -> str:
    """The address of the arena's byte at ``offset`` in a function with the parameter ``arena``."""
    symbol, index = array_at(plan, offset)
    return f"{'arena' if symbol == bank_symbol(0) else symbol} + {index}"


def declarations(plan: ArenaPlan) -> str:
    """The arrays that ops name; empty for an arena in one piece."""
    further = list(enumerate(plan.banks))[1:]
    if not further:
        return ""
    lines = (f"extern int8_t {bank_symbol(i)}[{bank.nbytes}];" for i, bank in further)
    return "\n".join(["", "/* Further parts of the arena, in separate memories. */", *lines, ""])


def definitions(plan: ArenaPlan) -> str:
    """The arrays, each with its section."""
    sizes = [bank.nbytes for bank in plan.banks] or [plan.arena_bytes]
    attributes = [
        f'#define {_macro(i)} __attribute__((aligned(16), section("{bank_section(i)}")))'
        for i in range(len(sizes))
    ]
    plain = [f"#define {_macro(i)} __attribute__((aligned(16)))" for i in range(len(sizes))]
    arrays = [f"int8_t {bank_symbol(i)}[{size}] {_macro(i)};" for i, size in enumerate(sizes)]
    lines = ["#if defined(__ELF__)", *attributes, "#else", *plain, "#endif", "", *arrays]
    if plan.banks:
        rows = [f"    {{{bank_symbol(i)}, {size}u}}," for i, size in enumerate(sizes)]
        lines += ["", "static const mn_bank mn_arena_banks[] = {", *rows, "};"]
    return "\n".join(lines)


def members(plan: ArenaPlan) -> str:
    """The members of ``mn_model`` for banks; empty for an arena in one piece."""
    if not plan.banks:
        return ""
    return f"    .banks = mn_arena_banks,\n    .n_banks = {len(plan.banks)},\n"


def _macro(number: int) -> str:
    return f"MN_ARENA_{number}" if number else "MN_ARENA"
