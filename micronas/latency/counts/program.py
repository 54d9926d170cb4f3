"""The parts of an ELF file for counting: code bytes, the ops in order, and the functions that they call."""

from __future__ import annotations

import bisect
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from elftools.elf.elffile import ELFFile

from micronas.codegen.lowering.sizes import ROW_STEP_BYTES
from micronas.errors import BuildError
from micronas.latency.counts.instruction import InstructionDecoder, shared_decoder

_OPS, _ROW_OPS, _ROW_STEPS = "mn_model_ops", "mn_model_row_ops", "mn_model_row_steps"


@dataclass(frozen=True)
class CodeFunction:
    """A function's name and address range."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class ElfProgram:
    """A linked image. ``op_entries`` are the addresses of the network's ops, in the order of running; with
    ``entry_ops``, which has the op of each, an op may run several times.

    ``marks`` are the addresses, ascending, from which on there are instructions (True) or constants (False).
    """

    segments: tuple[tuple[int, bytes], ...]
    functions: tuple[CodeFunction, ...]
    op_entries: tuple[int, ...]
    marks: tuple[tuple[int, bool], ...] = ()
    entry_ops: tuple[int, ...] = ()

    def code(self, start: int, end: int) -> bytes:
        """Bytes from ``start`` to ``end``, fewer at the image's end; raises ``BuildError`` outside of it."""
        for base, data in self.segments:
            if base <= start < base + len(data):
                return data[start - base : end - base]
        raise BuildError(f"address {start:#010x} was executed, but is outside of the image")

    def function_at(self, address: int) -> CodeFunction | None:
        """The function that holds ``address``."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0 or address >= self.functions[index].end:
            return None
        return self.functions[index]

    def _jumps(self, function: CodeFunction, decoder: InstructionDecoder) -> set[int]:
        """Targets of direct jumps out of a function, its constants left out: many of them look like jumps."""
        found: set[int] = set()
        for start, end in self._instructions(function):
            at, code = start, self.code(start, end)
            while at < end:
                run = decoder.run(code[at - start :], at)
                if run[-1].target is not None:
                    found.add(run[-1].target)
                at = run[-1].end
        return {a for a in found if not function.start <= a < function.end}

    def _instructions(self, function: CodeFunction) -> Iterator[tuple[int, int]]:
        """The ranges of a function that are not constants."""
        index = bisect.bisect_right(self.marks, (function.start, True))
        inside = list(itertools.takewhile(lambda mark: mark[0] < function.end, self.marks[index:]))
        begins = [(function.start, True), *inside]
        for (start, is_code), (end, _) in zip(begins, [*inside, (function.end, False)], strict=True):
            if is_code:
                yield start, end

    def _words(self, function: CodeFunction) -> tuple[int, ...]:
        code = self.code(function.start, function.end)
        return struct.unpack(f"<{len(code) // 4}I", code[: len(code) // 4 * 4])

    def _pointed_to(self, word: int) -> CodeFunction | None:
        """The function whose address ``word`` is, with the bit for Thumb code.

        Instructions are words too, and may by chance be an address *within* a function.
        """
        function = self.function_at(word & ~1)
        return function if function is not None and word == function.start | 1 else None

    @cached_property
    def _starts(self) -> list[int]:
        return [f.start for f in self.functions]

    @cached_property
    def inference(self) -> tuple[CodeFunction, ...]:
        """Every function that an op may run: those it calls, and those whose address it holds."""
        decoder = shared_decoder()
        found: dict[int, CodeFunction] = {}
        todo = [f for entry in self.op_entries if (f := self.function_at(entry)) is not None]
        while todo:
            function = todo.pop()
            if function.start in found:
                continue
            found[function.start] = function
            todo += [f for a in self._jumps(function, decoder) if (f := self.function_at(a)) is not None]
            todo += [f for w in self._words(function) if (f := self._pointed_to(w)) is not None]
        return tuple(found[start] for start in sorted(found))


def read_program(elf: Path) -> ElfProgram:
    """Read ``elf``; raises ``BuildError`` when it holds no network."""
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        symbols = list(file.get_section_by_name(".symtab").iter_symbols())
        loaded = [s for s in file.iter_segments() if s["p_type"] == "PT_LOAD" and s["p_filesz"]]
        segments = tuple((s["p_vaddr"], s.data()) for s in loaded)
    tables = {
        s.name: (s["st_value"], s["st_size"]) for s in symbols if s.name in (_OPS, _ROW_OPS, _ROW_STEPS)
    }
    if _OPS not in tables:
        raise BuildError(f"{elf.name}: no symbol {_OPS}, so it was not built by micronas")
    functions = _functions([s for s in symbols if s["st_info"]["type"] == "STT_FUNC"])
    program = ElfProgram(segments, functions, ())
    runs = _runs({name: program.code(at, at + size) for name, (at, size) in tables.items()})
    entries, ops = tuple(address for address, _ in runs), tuple(op for _, op in runs)
    return ElfProgram(segments, functions, entries, _marks(symbols), ops)


def _runs(tables: dict[str, bytes]) -> list[tuple[int, int]]:
    """Address and op of every function that one inference calls, in order: steps of rows, then whole ops."""
    rows = _addresses(tables.get(_ROW_OPS, b""))
    steps = tables.get(_ROW_STEPS, b"")[::ROW_STEP_BYTES]
    runs = [(rows[op], op) for op in steps]
    return runs + [(address, op) for op, address in enumerate(_addresses(tables[_OPS])) if address]


def _addresses(table: bytes) -> list[int]:
    return [word & ~1 for word in struct.unpack(f"<{len(table) // 4}I", table)]


def _functions(symbols: list) -> tuple[CodeFunction, ...]:  # type: ignore[type-arg]
    sized = sorted({(s["st_value"] & ~1, s["st_size"], s.name) for s in symbols if s["st_size"]})
    unique = {start: CodeFunction(name, start, start + size) for start, size, name in sized}
    return tuple(unique[start] for start in sorted(unique))


def _marks(symbols: list) -> tuple[tuple[int, bool], ...]:  # type: ignore[type-arg]
    """The mapping symbols of "ELF for the Arm Architecture" (IHI 0044): ``$t`` Thumb code, ``$d`` data."""
    found = {s["st_value"]: s.name[:2] == "$t" for s in symbols if s.name[:2] in ("$t", "$d")}
    return tuple(sorted(found.items()))
