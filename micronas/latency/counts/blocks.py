"""Blocks of straight-line code as QEMU divides them, each with its classes and its loads.

QEMU logs where a block begins but not where it ends. It ends at a jump, or before the instruction that begins
in another page of 1,024 bytes (the smallest protection region of an M-profile core, which QEMU's Arm target
respects). Every transition in a log is checked against this rule (``count.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from micronas.latency.counts.block_log import REGISTERS
from micronas.latency.counts.classes import CLASSES, ClassCounts, Vector
from micronas.latency.counts.instruction import Instruction, InstructionDecoder, shared_decoder
from micronas.latency.counts.program import ElfProgram

PAGE_BYTES = 1024
_LONGEST_BYTES = 2 * PAGE_BYTES
_TABLE_WORDS = 3


@dataclass(frozen=True, eq=False)
class CodeBlock:
    """``counts`` are the counts of one execution; ``loads`` are (register, offset, bytes).

    Registers from ``REGISTERS`` on are those at the start of the block that follows. ``unknown_loads`` are
    loads through a pointer that was itself loaded and overwritten; ``table_bytes`` are the bytes of those
    that fetch three or more words at once, which are parameters of output channels in flash.
    """

    start: int
    end: int
    counts: Vector
    loads: tuple[tuple[int, int, int], ...]
    unknown_loads: int
    table_bytes: int
    jumps: bool
    conditional: bool
    target: int | None
    starts_wide: bool

    def may_lead_to(self, address: int) -> bool:
        """Whether the block at ``address`` may follow this one."""
        if address == self.end:
            return not self.jumps or self.conditional or self.target in (None, self.end)
        return self.jumps and self.target in (None, address)


@dataclass
class BlockTable:
    """The blocks of a program, decoded on first use. With ``single``, for QEMU's ``-singlestep``, every
    instruction is a block.
    """

    program: ElfProgram
    single: bool = False
    _decoder: InstructionDecoder = field(default_factory=shared_decoder)
    _known: dict[int, CodeBlock] = field(default_factory=dict)

    def at(self, start: int) -> CodeBlock:
        """The block that begins at ``start``."""
        if start not in self._known:
            page_end = start // PAGE_BYTES * PAGE_BYTES + PAGE_BYTES
            code = self.program.code(start, min(start + _LONGEST_BYTES, page_end + 2))
            whole = [i for i in self._decoder.run(code, start) if i.address < page_end]
            inside = [i for i in whole if i.end <= page_end or i.address == start] or whole[:1]
            self._known[start] = _block(inside[:1] if self.single else inside)
        return self._known[start]

    def cut(self, start: int, end: int) -> CodeBlock:
        """The block at ``start`` already ends at ``end``, because an instruction there made QEMU start
        another one.
        """
        whole = self._decoder.run(self.program.code(start, end), start)
        self._known[start] = _block(whole)
        return self._known[start]


def _block(instructions: list[Instruction]) -> CodeBlock:
    last = instructions[-1]
    loads, unknown, table_bytes = _loads(instructions)
    return CodeBlock(
        start=instructions[0].address,
        end=last.end,
        counts=_counts(instructions),
        loads=loads,
        unknown_loads=unknown,
        table_bytes=table_bytes,
        jumps=last.jumps,
        conditional=last.conditional,
        target=last.target,
        starts_wide=instructions[0].size == 4 and instructions[0].address % 4 != 0,
    )


def _counts(instructions: list[Instruction]) -> Vector:
    counts = dict.fromkeys(CLASSES, 0)
    before: Instruction | None = None
    for one in instructions:
        _count(one, before, counts)
        before = one
    return ClassCounts(**counts).vector()


def _count(one: Instruction, before: Instruction | None, counts: dict[str, int]) -> None:
    counts["insn"] += 1
    counts["multiply"] += one.is_multiply
    if one.kind in ("ldm", "stm"):
        counts[f"{one.kind}_words"] += one.words
    if one.kind in ("ldrd", "strd", "div"):
        counts[one.kind] += 1
    if one.kind not in ("ldr", "str"):
        return
    follows_access = before is not None and before.kind in ("ldr", "str")
    if one.kind == "ldr":
        counts["ldr"] += 1
        loaded = before.writes if before is not None and before.kind == "ldr" else frozenset()
        counts["ldr_paired"] += follows_access and not (one.reads_address & loaded - _base_of(before))
    else:
        counts["store"] += 1
        counts["str_regoffset"] += one.register_offset
    if before is not None and not follows_access and not before.jumps:
        counts["address_after_alu"] += bool(one.reads_address & before.writes)


def _base_of(load: Instruction | None) -> frozenset[int]:
    """A register that a load only moves on (write-back) is ready for the next address."""
    if load is None:
        return frozenset()
    return frozenset(to for to, source, _ in load.moves if source is not None)


def _loads(instructions: list[Instruction]) -> tuple[tuple[tuple[int, int, int], ...], int, int]:
    """Loads with a known address, how many there are besides, and bytes of those of tables.

    A register is known from the block's start as long as constants are added to it. One that is loaded or
    computed inside is known from its value at the start of the next block, if it is still there by then.
    """
    values: dict[int, tuple[object, int]] = {r: (r, 0) for r in range(REGISTERS)}
    loads: list[tuple[object, int, int, int]] = []
    for number, one in enumerate(instructions):
        for load in one.loads:
            origin, moved = (None, 0) if load.base is None else values[load.base]
            loads.append((origin, moved + load.offset, load.bytes, len(one.loads)))
        changed: dict[int, tuple[object, int]] = {}
        for to, source, difference in one.moves:
            origin, moved = ((number, to), 0) if source is None else values[source]
            changed[to] = (origin, moved + difference)
        values.update(changed)
    at_end = {origin: (REGISTERS + r, -moved) for r, (origin, moved) in values.items()}
    at_end |= {r: (r, 0) for r in range(REGISTERS)}
    known = [
        (register, offset + moved, size)
        for origin, offset, size, _ in loads
        for register, moved in ([at_end[origin]] if origin in at_end else [])
    ]
    unknown = [(size, together) for origin, _, size, together in loads if origin not in at_end]
    tables = sum(size for size, together in unknown if together >= _TABLE_WORDS)
    return tuple(known), len(unknown), tables


def empty_counts() -> Vector:
    """No execution of anything."""
    return np.zeros(len(CLASSES))
