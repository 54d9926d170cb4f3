"""Executed blocks -> class counts per op.

The log is of every block that functions of the inference ran (``ElfProgram.inference``), from the first op's
first block on; an op ends where the next one begins. The dozen instructions of the caller between two ops are
not logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.errors import DeviceError
from micronas.latency.counts.block_log import Executed
from micronas.latency.counts.blocks import BlockTable, CodeBlock, empty_counts
from micronas.latency.counts.classes import CLASSES, ClassCounts, Vector, from_vector
from micronas.latency.counts.flash_cache import CacheShape, FlashCache, Touch
from micronas.latency.counts.program import ElfProgram

_TAKEN, _NOT_TAKEN = CLASSES.index("taken"), CLASSES.index("not_taken")
_WIDE, _UNALIGNED = CLASSES.index("wide_unaligned_target"), CLASSES.index("unaligned_access")
_FLASH_INSN, _FLASH_DATA = CLASSES.index("flash_insn"), CLASSES.index("flash_data")


@dataclass(frozen=True)
class FlashPath:
    """The address range of flash, and the caches in front of it."""

    start: int
    end: int
    instructions: CacheShape
    data: CacheShape


def count_ops(
    program: ElfProgram, log: Iterable[Executed], flash: FlashPath, *, single: bool = False
) -> tuple[ClassCounts, ...]:
    """Counts of each op of one inference; raises ``DeviceError`` if the log does not fit the program.

    ``single``: the log has an entry per instruction (QEMU's ``-singlestep``). The addresses of all loads are
    then known, pairs of loads are not detected, and counting takes twenty times as long.
    """
    return count_paths(program, log, [flash], single=single)[0]


def count_paths(
    program: ElfProgram, log: Iterable[Executed], paths: Sequence[FlashPath], *, single: bool = False
) -> list[tuple[ClassCounts, ...]]:
    """``count_ops`` for each of several caches at once, from one log."""
    counters = [_Counter(program, path, single) for path in paths]
    for piece in log:
        for counter in counters:
            counter.feed(piece)
    return [counter.result() for counter in counters]


class _Counter:
    def __init__(self, program: ElfProgram, flash: FlashPath, single: bool) -> None:
        self._program, self._flash, self._table = program, flash, BlockTable(program, single)
        self._ops: list[Vector] = []
        self._last: CodeBlock | None = None
        self._insn_cache, self._data_cache = FlashCache(flash.instructions), FlashCache(flash.data)
        self._touches: dict[int, tuple[Touch, ...]] = {}
        inside = program.inference
        self._starts = np.array([f.start for f in inside], np.uint32)
        self._ends = np.array([f.end for f in inside], np.uint32)

    def feed(self, piece: Executed) -> None:
        kept = self._of_inference(piece.address)
        address, registers = piece.address[kept], piece.registers[kept]
        begins = 0
        for end in self._op_starts(address):
            self._count(address[begins:end], registers[begins:end])
            self._ops.append(empty_counts())
            self._last, begins = None, end
        self._count(address[begins:], registers[begins:])

    def result(self) -> tuple[ClassCounts, ...]:
        wanted = len(self._program.op_entries)
        if len(self._ops) != wanted:
            raise DeviceError(f"the emulator's log has {len(self._ops)} of {wanted} ops")
        runs = zip(self._program.entry_ops or range(wanted), self._ops, strict=True)
        totals: dict[int, Vector] = {}
        for op, counts in runs:
            totals[op] = totals[op] + counts if op in totals else counts
        return tuple(from_vector(totals[op]) for op in sorted(totals))

    def _of_inference(self, address: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        index = np.searchsorted(self._starts, address, side="right") - 1
        inside: npt.NDArray[np.bool_] = (index >= 0) & (address < self._ends[np.maximum(index, 0)])
        return inside

    def _op_starts(self, address: npt.NDArray[np.uint32]) -> Iterator[int]:
        entries, begin = self._program.op_entries, 0
        while len(self._ops) < len(entries):
            found = np.flatnonzero(address[begin:] == entries[len(self._ops)])
            if not len(found):
                return
            yield begin + int(found[0])
            begin += int(found[0]) + 1

    def _count(self, address: npt.NDArray[np.uint32], registers: npt.NDArray[np.uint32]) -> None:
        """Add blocks that ran one after another in one op."""
        if not len(address) or not self._ops:
            return
        total = self._ops[-1]
        starts, which = np.unique(address, return_inverse=True)
        blocks = self._cut_blocks(starts, which)
        ran = np.bincount(which, minlength=len(starts))
        total += ran @ np.stack([b.counts for b in blocks])
        total[_FLASH_DATA] += ran @ [b.table_bytes for b in blocks] / self._flash.data.sector_bytes
        self._count_edges(blocks, which, total)
        self._count_instruction_lines(blocks, which, total)
        self._count_loads(blocks, which, registers, total)
        self._last = blocks[which[-1]]

    def _cut_blocks(self, starts: npt.NDArray[np.uint32], which: npt.NDArray[np.int64]) -> list[CodeBlock]:
        """The blocks at ``starts``; one that is always followed from its middle was cut there by QEMU."""
        blocks = [self._table.at(int(s)) for s in starts]
        pairs = np.unique(which[:-1] * len(starts) + which[1:])
        followers: dict[int, list[int]] = {}
        for pair in pairs:
            a, b = divmod(int(pair), len(starts))
            followers.setdefault(a, []).append(int(starts[b]))
        for index, after in followers.items():
            blocks[index] = self._checked(blocks[index], after)
        return blocks

    def _checked(self, block: CodeBlock, after: Sequence[int]) -> CodeBlock:
        strange = [a for a in after if not block.may_lead_to(a)]
        if not strange:
            return block
        if len(after) == 1 and block.start < after[0] < block.end:
            return self._table.cut(block.start, after[0])
        raise DeviceError(
            f"the emulator ran {strange[0]:#010x} after the block at {block.start:#010x}, which ends at "
            f"{block.end:#010x} and does not lead there",
            remedy="this QEMU divides code into blocks differently from 7.2; use latency.source: emulated",
        )

    def _count_edges(self, blocks: list[CodeBlock], which: npt.NDArray[np.int64], total: Vector) -> None:
        starts, ends = np.array([b.start for b in blocks]), np.array([b.end for b in blocks])
        jumps, wide = np.array([b.jumps for b in blocks]), np.array([b.starts_wide for b in blocks])
        before, after = which[:-1], which[1:]
        ends_before, jumps_before = ends[before], jumps[before]
        if self._last is not None:
            after = which
            ends_before = np.concatenate([[self._last.end], ends_before])
            jumps_before = np.concatenate([[self._last.jumps], jumps_before])
        went = starts[after] != ends_before
        total[_TAKEN] += went.sum()
        total[_FLASH_INSN] += went.sum() * self._flash.instructions.prefetch_only
        total[_NOT_TAKEN] += (~went & jumps_before).sum()
        total[_WIDE] += (went & wide[after]).sum()

    def _count_instruction_lines(
        self, blocks: list[CodeBlock], which: npt.NDArray[np.int64], total: Vector
    ) -> None:
        """A block that runs twice in a row reads no new line the second time, and does not change the age of
        lines.
        """
        if self._flash.instructions.prefetch_only:
            return
        touches = [self._lines_of(block) for block in blocks]
        repeated = np.zeros(len(which), bool)
        repeated[1:] = which[1:] == which[:-1]
        small = np.array([len(t) <= self._flash.instructions.lines for t in touches])
        kept = which[~(repeated & small[which])]
        total[_FLASH_INSN] += self._insn_cache.misses(t for index in kept for t in touches[index])

    def _lines_of(self, block: CodeBlock) -> tuple[Touch, ...]:
        key = block.start
        if key not in self._touches:
            in_flash = self._flash.start <= key < self._flash.end
            lines = self._flash.instructions.touches(key, block.end - 1) if in_flash else []
            self._touches[key] = tuple(lines)
        return self._touches[key]

    def _count_loads(
        self,
        blocks: list[CodeBlock],
        which: npt.NDArray[np.int64],
        registers: npt.NDArray[np.uint32],
        total: Vector,
    ) -> None:
        """Loads of known address, in the order in which they ran: unaligned ones, and lines of flash."""
        both = np.hstack([registers[:-1], registers[1:]]).astype(np.int64)  # before a block, and after it
        which = which[:-1]  # of the last one, what comes after is not known; it returns from the op
        order: list[npt.NDArray[np.int64]] = []
        sectors: list[npt.NDArray[np.int64]] = []
        most = max((len(b.loads) for b in blocks), default=0) + 1
        for index, block in enumerate(blocks):
            if not block.loads:
                continue
            rows = np.flatnonzero(which == index)
            for number, (register, offset, size) in enumerate(block.loads):
                address = both[rows, register] + offset
                total[_UNALIGNED] += np.count_nonzero(address % size)
                in_flash = (address >= self._flash.start) & (address < self._flash.end)
                order.append(rows[in_flash] * most + number)
                sectors.append(address[in_flash] // self._flash.data.sector_bytes)
        if order:
            total[_FLASH_DATA] += self._data_misses(np.concatenate(order), np.concatenate(sectors))

    def _data_misses(self, order: npt.NDArray[np.int64], sectors: npt.NDArray[np.int64]) -> int:
        shape = self._flash.data
        sectors = sectors[np.argsort(order, kind="stable")]
        fresh = np.ones(len(sectors), bool)
        fresh[1:] = sectors[1:] != sectors[:-1]
        per_line = shape.line_bytes // shape.sector_bytes
        touched = ((s // per_line, 1 << s % per_line) for s in sectors[fresh].tolist())
        return self._data_cache.misses(touched)
