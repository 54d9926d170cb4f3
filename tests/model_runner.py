"""Compile generated models on the host and run them: many in one program, so that a suite stays fast.

    outputs = run_on_host([(graph, [inputs...]), ...], tmp_path)    # outputs[m][o]: (samples, bytes) int8

Every model is generated as for a real build; only its global names get a suffix, and all are linked
with the kernels and ``host/run_models.c``, under AddressSanitizer and UBSan.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.board import Core
from micronas.codegen import generate
from micronas.graph import Graph
from micronas.lowering import Lowered, Target
from micronas.lowering.lower import lower_graph

REPOSITORY = Path(__file__).resolve().parent.parent
KERNELS = REPOSITORY / "firmware" / "lib" / "mn_kernels"
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
PORTABLE = Target(Core.M0PLUS)
_GLOBAL_NAME = re.compile(r"\b(mn_model_(?:op|inputs|outputs)\w*|op\d+_\w+|mn_arena|MN_ARENA|mn_the_model)\b")

Case = tuple[Graph, list[npt.NDArray[np.generic]]]


@dataclass(frozen=True)
class FlatPlan:
    """Every tensor and every scratch in a place of its own: no overlap can hide a kernel's fault."""

    offsets: dict[int, int]
    scratch_offsets: dict[int, int]
    arena_bytes: int
    order: tuple[int, ...]


def flat_plan(graph: Graph, lowered: tuple[Lowered, ...]) -> FlatPlan:
    offsets, scratch, end = {}, {}, 0
    for tensor in graph.activations:
        offsets[tensor] = end
        end += -(-graph.tensors[tensor].nbytes // 16) * 16
    for op in lowered:
        if op.scratch_bytes:
            scratch[op.op_index] = end
            end += -(-op.scratch_bytes // 16) * 16
    return FlatPlan(offsets, scratch, end, tuple(op.op_index for op in lowered))


def renamed(text: str, suffix: str) -> str:
    """The generated file with its global names made unique."""
    return _GLOBAL_NAME.sub(lambda match: match.group(1) + suffix, text)


def model_text(graph: Graph, target: Target = PORTABLE) -> str:
    lowered = lower_graph(graph, target)
    return generate(graph, lowered, flat_plan(graph, lowered), name=graph.name)["mn_model.c"]


def run_on_host(
    cases: list[Case], folder: Path, compiler: str = "gcc", target: Target = PORTABLE
) -> list[list[npt.NDArray[np.int8]]]:
    """Outputs of every model for its samples, as raw int8 bytes (samples, bytes of the output)."""
    if shutil.which(compiler) is None:
        import pytest

        pytest.skip(f"{compiler} is not on PATH")
    program = build(write_sources([graph for graph, _ in cases], folder, target), folder, compiler)
    stdin = b"".join(_payload(inputs) for _, inputs in cases)
    done = subprocess.run([program], input=stdin, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return _split([(graph, len(inputs[0])) for graph, inputs in cases], done.stdout)


def write_sources(graphs: list[Graph], folder: Path, target: Target) -> list[Path]:
    """One C file per model and a table of the models."""
    paths = []
    for i, graph in enumerate(graphs):
        path = folder / f"model_{i}.c"
        path.write_text(renamed(model_text(graph, target), f"_m{i}"))
        paths.append(path)
    declarations = "".join(f"extern const mn_model mn_the_model_m{i};\n" for i in range(len(graphs)))
    entries = "".join(f"    &mn_the_model_m{i},\n" for i in range(len(graphs)))
    table = folder / "models.c"
    table.write_text(
        f'#include "mn_model.h"\n{declarations}'
        f"extern const mn_model *const models[];\nextern const unsigned n_models;\n"
        f"const mn_model *const models[] = {{\n{entries}}};\nconst unsigned n_models = {len(graphs)};\n"
    )
    return [*paths, table]


def build(sources: list[Path], folder: Path, compiler: str) -> Path:
    """The program, compiled in one go with every warning an error."""
    merged = folder / "all.c"
    merged.write_text("".join(f'#include "{path.name}"\n' for path in sources))
    program = folder / f"run_{compiler}"
    kernels = sorted(KERNELS.glob("*.c"))
    command = [compiler, *WARNINGS, "-O1", "-g", *SANITIZERS, f"-I{KERNELS}", f"-I{folder}"]
    command += [
        "-o",
        str(program),
        str(merged),
        str(REPOSITORY / "tests/host/run_models.c"),
        *map(str, kernels),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    return program


def _payload(inputs: list[npt.NDArray[np.generic]]) -> bytes:
    samples = len(inputs[0])
    head = np.uint32(samples).tobytes()
    return head + b"".join(np.ascontiguousarray(x[s]).tobytes() for s in range(samples) for x in inputs)


def _split(cases: list[tuple[Graph, int]], data: bytes) -> list[list[npt.NDArray[np.int8]]]:
    results, at = [], 0
    for graph, samples in cases:
        sizes = [graph.tensors[t].nbytes for t in graph.outputs]
        rows = np.frombuffer(data, np.int8, samples * sum(sizes), at).reshape(samples, sum(sizes))
        results.append(np.split(rows, np.cumsum(sizes)[:-1], axis=1))
        at += samples * sum(sizes)
    assert at == len(data)
    return results
