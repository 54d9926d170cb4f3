"""Networks in a bare emulator, their class counts op by op: no firmware, no UART, a second per network.

Everything that no network changes is compiled once; a network is one more file. The emulated machine is a
Cortex-M4F, which runs the code of M3 and M0+ too.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.engine import emulate
from micronas.board import Core
from micronas.codegen import generate
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.blocks import by_blocks
from micronas.codegen.lowering.lower import lower_graph
from micronas.latency.core_model import Accelerator
from micronas.latency.counts.block_log import OPTIONS, read_log
from micronas.latency.counts.classes import ClassCounts
from micronas.latency.counts.count import FlashPath, count_paths
from micronas.latency.counts.program import read_program
from micronas.memory.plan import plan_memory
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.model.graph import Graph

FLASH = (0x08000000, 0x08100000)
_DEADLINE_S = 600
_GAP = '.syntax unified\n.section .text.gap, "axR", %progbits\n.space {}\n'
"""Kept by the linker although nothing refers to it."""


@dataclass(frozen=True)
class Counted:
    """The ops of one network in the order of ``lowered``; ``counts`` has one tuple per accelerator."""

    lowered: tuple[Lowered, ...]
    counts: tuple[tuple[ClassCounts, ...], ...]


class Harness:
    """Builds and counts networks for ``core`` in ``folder``, behind each of ``accelerators``.

    ``kept`` is a folder with the counts of programs that ran before, by their bytes: what was interrupted
    continues from there.
    """

    def __init__(
        self, core: Core, accelerators: Sequence[Accelerator], folder: Path, kept: Path | None = None
    ) -> None:
        self._core, self._folder, self._kept = core, folder, kept
        self._paths = [FlashPath(*FLASH, a.instructions, a.data) for a in accelerators]
        sources = [
            emulate.ENGINE / "count_ops.c",
            emulate.EMULATOR / "main.c",
            *emulate.kernel_sources(False),
        ]
        self._objects = [self._compile(path) for path in sources]

    def count(
        self,
        graph: Graph,
        *,
        single: bool = False,
        free_bytes: Sequence[int] | None = None,
        moved_bytes: int = 0,
        no_scratch: bool = False,
    ) -> Counted:
        """Run ``graph`` once on a pattern of bytes; ``single``: log every instruction (``count_ops``).

        Each op takes its steps by what the plan leaves free, or by its entry of ``free_bytes``. All code is
        ``moved_bytes`` further on in flash. With ``no_scratch``, it runs by the kernels without scratch.
        """
        lowered = lower_graph(graph, Target(self._core, no_scratch=no_scratch))
        if free_bytes is not None:
            lowered = tuple(
                replace(by_blocks(low, free), blocks=None)
                for low, free in zip(lowered, free_bytes, strict=True)
            )
        lowered, plan = use_free_bytes(lowered, plan_memory(graph, lowered))
        source = self._folder / "mn_model.c"
        source.write_text(generate(graph, lowered, plan, name=graph.name)["mn_model.c"], encoding="utf-8")
        inputs = 8 * sum(graph.tensors[t].elements for t in graph.inputs)
        (self._folder / "in.bin").write_bytes(bytes((i * 37 + 11) % 256 for i in range(inputs)))
        elf = self._link(self._compile(source), moved_bytes)
        counts = self._run(elf, single) if self._kept is None else self._kept_run(elf, single, self._kept)
        order = [plan.order.index(i) for i in range(len(lowered))]
        return Counted(lowered, tuple(tuple(ops[i] for i in order) for ops in counts))

    def _kept_run(self, elf: Path, single: bool, kept: Path) -> list[tuple[ClassCounts, ...]]:
        key = hashlib.sha256(elf.read_bytes() + repr((self._paths, single)).encode()).hexdigest()
        path = kept / f"{key}.json"
        if not path.is_file():
            counts = self._run(elf, single)
            written = path.with_suffix(".part")
            written.write_text(json.dumps([[asdict(op) for op in ops] for ops in counts]), encoding="utf-8")
            written.replace(path)
            return counts
        read = json.loads(path.read_text(encoding="utf-8"))
        return [tuple(ClassCounts(**op) for op in ops) for ops in read]

    def _run(self, elf: Path, single: bool) -> list[tuple[ClassCounts, ...]]:
        program = read_program(elf)
        ranges = ",".join(f"{f.start:#x}+{f.end - f.start:#x}" for f in program.inference)
        log = ["-d", OPTIONS, "-dfilter", ranges, "-D", "/dev/stdout", *(["-singlestep"] if single else [])]
        command = [*emulate.QEMU_WITHOUT_COUNTER, "-kernel", str(elf), *log]
        with subprocess.Popen(command, cwd=self._folder, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            counts = count_paths(program, read_log(process.stdout), self._paths, single=single)
            code = process.wait(_DEADLINE_S)
        if code:
            raise RuntimeError(f"the harness ended with {code}")
        return counts

    def _compile(self, source: Path) -> Path:
        target = self._folder / f"{source.name}.o"
        flags = [*self._core.compiler_flags, *emulate.COMPILE_FLAGS]
        subprocess.run(["arm-none-eabi-gcc", *flags, "-c", "-o", str(target), str(source)], check=True)
        return target

    def _link(self, model: Path, moved_bytes: int) -> Path:
        elf, gap = self._folder / "count.elf", self._folder / "gap.S"
        gap.write_text(_GAP.format(moved_bytes), encoding="utf-8")
        flags = [*self._core.compiler_flags, *emulate.LINK_FLAGS, *([str(gap)] if moved_bytes else [])]
        objects = map(str, (model, *self._objects))
        subprocess.run(["arm-none-eabi-gcc", *flags, "-o", str(elf), *objects], check=True)
        return elf
