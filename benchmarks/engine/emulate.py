"""One network on an emulated Cortex-M4F: instructions per op, code, constants, SRAM, stack, outputs."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from elftools.elf.elffile import ELFFile

from benchmarks.engine.baseline import for_baseline
from micronas.board import Core, load_board
from micronas.codegen import generate
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.sizes import model_constant_bytes
from micronas.latency.core_model import accelerators
from micronas.latency.counts.block_log import OPTIONS, read_log
from micronas.latency.counts.classes import ClassCounts
from micronas.latency.counts.count import FlashPath, count_ops
from micronas.latency.counts.program import read_program
from micronas.memory.ledger.row_input import plan_with_row_input
from micronas.memory.ledger.step_cycles import step_cycles
from micronas.memory.plan import Plan, plan_memory
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.memory.plan.prefer import Prefer
from micronas.memory.plan.rows.bands import ROWS_MAY_COST
from micronas.memory.plan.rows.plan import plan_by_rows
from micronas.model.graph import Graph

REPOSITORY = Path(__file__).resolve().parents[2]
KERNELS = REPOSITORY / "firmware" / "lib" / "mn_kernels"
EMULATOR = REPOSITORY / "tests" / "support" / "emulator"
HOST = REPOSITORY / "tests" / "support" / "host"
REFERENCE = Path(__file__).with_name("reference")
ENGINE = Path(__file__).parent
FLASH = (0x08000000, 0x08100000)
QEMU_WITHOUT_COUNTER = (
    *("qemu-system-arm", "-M", "netduinoplus2", "-nographic", "-monitor", "none"),
    *("-serial", "none", "-semihosting-config", "enable=on,target=native"),
)
QEMU = (*QEMU_WITHOUT_COUNTER, "-icount", "shift=0")
COMPILE_FLAGS = (
    *("-std=c99", "-O2", "-ffunction-sections", "-fdata-sections"),
    *(f"-I{KERNELS}", f"-I{HOST}", f"-I{REFERENCE}"),
)
LINK_FLAGS = (
    *("-Wl,--gc-sections", "-nostartfiles", "--specs=nano.specs"),
    *(f"-L{EMULATOR}", "-Tnetduinoplus2.ld"),
)
_CALL_INSTRUCTIONS = 40
_HARNESS_PREFIXES = (
    "harness_",
    "semihost",
    "run_",
    "count",
    "reset",
    "fault",
    "finish",
    "open_file",
    "overhead",
    "mn_model_",
)


@dataclass(frozen=True)
class Emulated:
    """What one inference takes. ``code_bytes`` is kernels and generated functions, start-up left out.

    ``instructions`` and ``counts`` are per op; ``counts``, for a Cortex-M4F's own code, are behind the caches
    of an STM32L4 and empty otherwise.
    """

    lowered: tuple[Lowered, ...]
    instructions: tuple[int, ...]
    counts: tuple[ClassCounts, ...]
    stack_bytes: int
    arena_bytes: int
    constant_bytes: int
    code_bytes: int
    outputs: npt.NDArray[np.int8]


def emulate(
    graph: Graph,
    inputs: list[npt.NDArray[np.generic]],
    core: Core,
    reference: bool = False,
    spare_bytes: int = 0,
    *,
    by_rows: bool = False,
    row_input: Prefer | None = None,
) -> Emulated:
    """Build ``graph`` for ``core`` (the machine is an M4F, which runs M0+ and M3 code too); run it once.

    ``reference`` builds the baseline kernels of ``reference/`` in place of ours of the same names. The arena
    may be larger by ``spare_bytes`` than the plan needs; convolutions run by blocks in what is free. With
    ``by_rows`` the first ops run row by row. With ``row_input`` the input comes row by row, by the plan of an
    exported library of this preference; ``graph`` is then seen with the op that delivers the rows.
    """
    if row_input is not None:
        taken = plan_with_row_input(graph, Target(core), load_board("nucleo_l4r5zi"), row_input)
        graph, lowered, plan = taken.graph, taken.lowered, taken.plan
    elif reference:
        lowered = tuple(for_baseline(graph, op) for op in lower_graph(graph, Target(Core.M0PLUS)))
        plan = plan_memory(graph, lowered)
    else:
        lowered, plan = _with_blocks(graph, core, spare_bytes, by_rows=by_rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mn_model.c").write_text(generate(graph, lowered, plan, name=graph.name)["mn_model.c"])
        (folder / "in.bin").write_bytes(b"".join(np.ascontiguousarray(x).tobytes() for x in inputs))
        elf = _build(folder, core, kernel_sources(reference), row_input=row_input is not None)
        subprocess.run([*QEMU, "-kernel", elf], cwd=folder, check=True, timeout=300)
        answer, code_bytes = (folder / "out.bin").read_bytes(), _code_bytes(elf)
        counts = class_counts(elf, plan.order) if core is Core.M4F and not reference else ()
    answered = np.frombuffer(answer, np.uint32, len(lowered) + 1)
    instructions = tuple(int(c) for c in answered[:-1])
    if row_input is not None and counts:  # not those of reading the rows
        instructions = (round(counts[0].insn), *instructions[1:])
    check_counts(instructions, counts, lowered)
    return Emulated(
        lowered=lowered,
        instructions=instructions,
        counts=counts,
        stack_bytes=int(answered[-1]),
        arena_bytes=plan.arena_bytes,
        constant_bytes=model_constant_bytes(graph, lowered),
        code_bytes=code_bytes,
        outputs=np.frombuffer(answer, np.int8, offset=answered.nbytes),
    )


def check_counts(
    instructions: tuple[int, ...], counts: tuple[ClassCounts, ...], lowered: tuple[Lowered, ...] = ()
) -> None:
    """Raise ``RuntimeError`` unless the emulator's counter and its log of blocks agree, calls left out: one
    of each op, or of each of its steps.
    """
    calls = {low.op_index: low.row_call.steps for low in lowered if low.row_call}
    for op, (ticks, classes) in enumerate(zip(instructions, counts, strict=False)):
        if abs(ticks - classes.insn) > _CALL_INSTRUCTIONS * calls.get(op, 1):
            raise RuntimeError(f"op {op}: {ticks} instructions by the counter, {classes.insn:.0f} by the log")


def _with_blocks(
    graph: Graph, core: Core, spare_bytes: int, *, by_rows: bool
) -> tuple[tuple[Lowered, ...], Plan]:
    lowered = lower_graph(graph, Target(core))
    plan = plan_memory(graph, lowered)
    cycles = step_cycles(graph, load_board("nucleo_l4r5zi"))
    if by_rows and cycles is not None:
        whole, _ = use_free_bytes(lowered, plan)
        most = (1 + ROWS_MAY_COST) * sum(map(cycles, whole))
        target, below = Target(core), plan.arena_bytes
        if lower := plan_by_rows(graph, lowered, target, below, cycles=cycles, most_cycles=most):
            lowered, plan = lower.lowered, lower.plan
    return use_free_bytes(lowered, plan, plan.arena_bytes + spare_bytes)


def class_counts(elf: Path, order: tuple[int, ...]) -> tuple[ClassCounts, ...]:
    """Class counts of each op of the network in ``elf``, by index; the same run again, block by block."""
    program = read_program(elf)
    l4 = accelerators()["stm32l4"]
    ranges = ",".join(f"{f.start:#x}+{f.end - f.start:#x}" for f in program.inference)
    log = ("-d", OPTIONS, "-dfilter", ranges, "-D", "/dev/stdout")
    command = [*QEMU_WITHOUT_COUNTER, "-kernel", str(elf), *log]
    with subprocess.Popen(command, cwd=elf.parent, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        counts = count_ops(program, read_log(process.stdout), FlashPath(*FLASH, l4.instructions, l4.data))
    return tuple(counts[order.index(i)] for i in range(len(counts)))


def kernel_sources(reference: bool) -> list[Path]:
    """Our kernels, or the baseline's where it has one of the same name."""
    ours = [*sorted(KERNELS.glob("*.c")), *sorted(KERNELS.glob("*.S"))]
    theirs = {path.name: path for path in sorted(REFERENCE.glob("*.c"))} if reference else {}
    return [theirs.get(path.name, path) for path in ours]


def _build(folder: Path, core: Core, kernels: list[Path], *, row_input: bool) -> Path:
    elf = folder / "count.elf"
    sources = [folder / "mn_model.c", Path(__file__).with_name("count_ops.c"), EMULATOR / "main.c"]
    sources += kernels
    flags = [*core.compiler_flags, *COMPILE_FLAGS, *LINK_FLAGS, *(["-DROW_INPUT"] if row_input else [])]
    subprocess.run(["arm-none-eabi-gcc", *flags, "-o", elf, *sources], check=True)
    return elf


def _code_bytes(elf: Path) -> int:
    with elf.open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        functions = [s for s in symbols if s["st_info"]["type"] == "STT_FUNC"]
        return sum(f["st_size"] for f in functions if not f.name.startswith(_HARNESS_PREFIXES))
