"""Compile generated models and run them on the host or in the emulator: many in one program, to be fast.

    outputs = run_on_host([(graph, [inputs...]), ...], tmp_path)    # outputs[m][o]: (samples, bytes) int8
    outputs = run_in_emulator(cases, tmp_path, Core.M4F)            # the same, on a Cortex-M in QEMU

Every model is generated as for a real build; only its global names get a suffix, and all are linked with
the kernels and ``host/run_models.c``: on the host under AddressSanitizer and UBSan.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.board import Core
from micronas.codegen import ArenaPlan, generate
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.blocks import by_blocks
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.row_step import RowSteps
from micronas.memory.plan import Bank
from micronas.model.graph import Graph, state_updates
from tests.support.host_c import SANITIZERS, WARNINGS
from tests.support.paths import REPOSITORY, SUPPORT

KERNELS = REPOSITORY / "firmware" / "lib" / "mn_kernels"
HOST = SUPPORT / "host"
EMULATOR = SUPPORT / "emulator"
DSP_HOST = SUPPORT / "dsp_host"
MACHINES = {Core.M0PLUS: "mps2-an385", Core.M3: "mps2-an385", Core.M4F: "mps2-an386", Core.M7: "mps2-an500"}
PORTABLE = Target(Core.M0PLUS)
_GLOBAL_NAME = re.compile(
    r"\b(mn_model_(?:op|inputs|outputs|state|row)\w*|op\d+_\w+|mn_arena\w*|MN_ARENA\w*|mn_the_model)\b"
)

Case = tuple[Graph, list[npt.NDArray[np.generic]]]
Outputs = list[list[npt.NDArray[np.int8]]]


@dataclass(frozen=True)
class FlatPlan:
    """Every tensor and every scratch in a place of its own: no overlap can hide a kernel's fault."""

    offsets: dict[int, int]
    scratch_offsets: dict[int, int]
    arena_bytes: int
    order: tuple[int, ...]
    banks: tuple[Bank, ...] = ()
    row_steps: RowSteps = ()


def flat_plan(graph: Graph, lowered: tuple[Lowered, ...]) -> FlatPlan:
    offsets: dict[int, int] = {}
    scratch, end = {}, 0
    after = {a: b for op in graph.ops for b, a in state_updates(op)}
    for tensor in sorted(graph.activations, key=lambda t: (t in after, t)):
        if tensor in after:  # a state's own memory
            offsets[tensor] = offsets[after[tensor]]
            continue
        offsets[tensor] = end
        end += -(-graph.tensors[tensor].nbytes // 16) * 16
    for op in lowered:
        if op.scratch_bytes:
            scratch[op.op_index] = end
            end += -(-op.scratch_bytes // 16) * 16
    return FlatPlan(offsets, scratch, end, tuple(op.op_index for op in lowered))


Planner = Callable[[Graph, tuple[Lowered, ...]], ArenaPlan]
Arrange = Callable[[Graph, Target], tuple[tuple[Lowered, ...], ArenaPlan]]
"""Lowers a graph and plans it, in place of the fastest kernels and a planner."""


def renamed(text: str, suffix: str) -> str:
    """The generated file with its global names made unique."""
    return _GLOBAL_NAME.sub(lambda match: match.group(1) + suffix, text)


def model_text(
    graph: Graph,
    target: Target = PORTABLE,
    planner: Planner = flat_plan,
    block_bytes: int = 0,
    arrange: Arrange | None = None,
) -> str:
    if arrange:
        lowered, plan = arrange(graph, target)
    else:
        lowered = tuple(by_blocks(low, block_bytes) for low in lower_graph(graph, target))
        plan = planner(graph, lowered)
    return generate(graph, lowered, plan, name=graph.name)["mn_model.c"]


def run_on_host(
    cases: list[Case],
    folder: Path,
    compiler: str = "gcc",
    planner: Planner = flat_plan,
    *,
    target: Target = PORTABLE,
    in_order: bool = False,
    arrange: Arrange | None = None,
) -> Outputs:
    """Outputs of every model for its samples, as raw int8 bytes (samples, bytes of the output).

    States begin anew with each sample, or ``in_order`` with the first only.
    """
    needs(compiler)
    models = write_models([graph for graph, _ in cases], folder, target, planner, arrange=arrange)
    sources = [models, *sorted(HOST.glob("*.c"))]
    program = folder / "run"
    command = [compiler, *WARNINGS, *SANITIZERS, f"-I{KERNELS}", f"-I{HOST}", "-o", program]
    compile_all(command, [*sources, *sorted(KERNELS.glob("*.c"))])
    done = subprocess.run(
        [program], input=payload(cases, in_order), capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return split(cases, done.stdout)


def run_dsp_on_host(
    cases: list[Case], folder: Path, block_bytes: int = 0, arrange: Arrange | None = None
) -> Outputs:
    """As ``run_on_host``, with the DSP kernels: their instructions and assembly are in C in ``dsp_host/``."""
    needs("gcc")
    graphs = [graph for graph, _ in cases]
    models = write_models(graphs, folder, Target(Core.M4F), plan_for_wide_pointers, block_bytes, arrange)
    sources = [
        models,
        *sorted(DSP_HOST.glob("*.c")),
        *sorted(HOST.glob("*.c")),
        *sorted(KERNELS.glob("*.c")),
    ]
    program, emulated = folder / "run", DSP_HOST / "mn_dsp_on_host.h"
    flags = [*WARNINGS, *SANITIZERS, f"-I{KERNELS}", f"-I{HOST}", "-include", emulated]
    compile_all(["gcc", *flags, "-o", program], sources)
    done = subprocess.run([program], input=payload(cases), capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return split(cases, done.stdout)


def plan_for_wide_pointers(graph: Graph, lowered: tuple[Lowered, ...]) -> FlatPlan:
    """With twice the scratch: a kernel that keeps pointers there counts 4 bytes for each."""
    wide = tuple(replace(low, scratch_bytes=2 * low.scratch_bytes) for low in lowered)
    return flat_plan(graph, wide)


def run_in_emulator(
    cases: list[Case],
    folder: Path,
    core: Core,
    planner: Planner = flat_plan,
    block_bytes: int = 0,
    target: Target | None = None,
    *,
    in_order: bool = False,
    arrange: Arrange | None = None,
) -> Outputs:
    """As ``run_on_host``, with the kernels that the generator picks for ``core``, on QEMU's MPS2 board.

    Ops that can run by blocks do if these need at most ``block_bytes`` of scratch. Code for Armv6-M runs on
    an M3: the board has no M0+, and Armv7-M has all of its instructions.
    """
    needs("arm-none-eabi-gcc")
    needs("qemu-system-arm")
    graphs = [graph for graph, _ in cases]
    models = write_models(graphs, folder, target or Target(core), planner, block_bytes, arrange)
    sources = [models, HOST / "run_models.c", EMULATOR / "main.c", *kernel_sources()]
    program = folder / "run.elf"
    flags = [
        *core.compiler_flags,
        *WARNINGS,
        "-O2",
        "-ffunction-sections",
        "-Wl,--gc-sections",
        "-nostartfiles",
    ]
    flags += ["--specs=nano.specs", f"-L{EMULATOR}", "-Tmps2.ld", f"-I{KERNELS}", f"-I{HOST}"]
    compile_all(["arm-none-eabi-gcc", *flags, "-o", program], sources)
    (folder / "in.bin").write_bytes(payload(cases, in_order))
    command = ["qemu-system-arm", "-M", MACHINES[core], "-nographic", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
    return split(cases, (folder / "out.bin").read_bytes())


def kernel_sources() -> list[Path]:
    return [*sorted(KERNELS.glob("*.c")), *sorted(KERNELS.glob("*.S"))]


def needs(program: str) -> None:
    if shutil.which(program) is None:
        import pytest

        pytest.skip(f"{program} is not on PATH")


def compile_all(command: list[str | Path], sources: list[Path]) -> None:
    done = subprocess.run([*command, *sources], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[:4000]


def write_models(
    graphs: list[Graph],
    folder: Path,
    target: Target,
    planner: Planner = flat_plan,
    block_bytes: int = 0,
    arrange: Arrange | None = None,
) -> Path:
    """One C file with every model and the table ``models`` of them."""
    texts = [model_text(graph, target, planner, block_bytes, arrange) for graph in graphs]
    texts = [renamed(text, f"_m{i}") for i, text in enumerate(texts)]
    entries = "".join(f"    &mn_the_model_m{i},\n" for i in range(len(graphs)))
    path = folder / "models.c"
    path.write_text(
        "\n".join(texts)
        + "extern const mn_model *const models[];\nextern const unsigned n_models;\n"
        + f"const mn_model *const models[] = {{\n{entries}}};\nconst unsigned n_models = {len(graphs)};\n"
    )
    return path


def payload(cases: list[Case], in_order: bool = False) -> bytes:
    """What the test programs read: per model the number of samples, then the samples."""
    return b"".join(_payload(inputs, in_order) for _, inputs in cases)


def _payload(inputs: list[npt.NDArray[np.generic]], in_order: bool) -> bytes:
    samples = len(inputs[0])
    head = np.uint32(samples | (int(in_order) << 31)).tobytes()
    return head + b"".join(np.ascontiguousarray(x[s]).tobytes() for s in range(samples) for x in inputs)


def split(cases: list[Case], data: bytes) -> Outputs:
    """What the test programs wrote, by model and output."""
    results, at = [], 0
    for graph, inputs in cases:
        samples, sizes = len(inputs[0]), [graph.tensors[t].nbytes for t in graph.outputs]
        rows = np.frombuffer(data, np.int8, samples * sum(sizes), at).reshape(samples, sum(sizes))
        results.append(np.split(rows, np.cumsum(sizes)[:-1], axis=1))
        at += samples * sum(sizes)
    assert at == len(data)
    return results
