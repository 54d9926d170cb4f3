"""Measures micronas/memory/codesize.json again; run it after any change of firmware/ or of the compiler.

    python tools/measure_code_size.py

Builds, per core of the shipped boards: an image that refers to every kernel, an image per chip family that
has no kernel at all, and networks of the search spaces for the size of the functions that bind an op to the
arena. Entries of other compiler versions stay in the table.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from link_map import Unit, reachable, read_references, read_units

from micronas.board import Board, Core, board_names, load_board
from micronas.codegen import generate
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.toolchain import gcc_version, require_gcc
from micronas.config import SpaceConfig
from micronas.deploy.library.kernels import kernels_folder
from micronas.firmware import Firmware, build_firmware
from micronas.memory.codesize import TABLE_PATH
from micronas.memory.plan import Plan, plan_memory
from micronas.memory.plan.rows.plan import plan_by_rows
from micronas.model.graph import Graph, Tensor
from micronas.model.net.shape_graph import shape_graph
from micronas.space import SPACES, make_space

_KERNEL = re.compile(r"^mn_status (mn_\w+)\(", re.M)
_NOT_KERNELS = {"mn_model_run", "mn_model_run_step"}
_DSP_SUFFIX = "_dsp"
_EMIT_RELOCATIONS = ("-Wl,--emit-relocs",)
_MODEL_OBJECT = "mn_model.o"
_SMALL_BYTES = 60_000
_ROOM_BYTES = 16 * 1024 * 1024
_NETWORKS_PER_SPACE = 2


def kernels_of(core: Core) -> dict[str, str]:
    """Kernel function -> header that declares it; the ``_dsp`` forms only if they are compiled."""
    headers = sorted(kernels_folder().glob("*.h"))
    found = {
        name: path.name for path in headers for name in _KERNEL.findall(path.read_text(encoding="utf-8"))
    }
    return {
        name: header
        for name, header in found.items()
        if name not in _NOT_KERNELS and (core.has_dsp or not name.endswith(_DSP_SUFFIX))
    }


def synthetic_model(kernels: dict[str, str]) -> str:
    """A network without ops whose tables refer to ``kernels``, so that the linker keeps them."""
    includes = "".join(f'#include "{h}"\n' for h in sorted({"mn_model.h", *kernels.values()}))
    pointers = "".join(f"    (mn_op_fn)(void (*)(void)){name},\n" for name in sorted(kernels)) or "    0,\n"
    return (
        f"{includes}\n"
        '__attribute__((aligned(16), section(".bss.mn_arena"))) int8_t mn_arena[16];\n'
        "static const mn_tensor mn_model_tensors[1];\n"
        f"static const mn_op_fn mn_model_ops[] = {{\n{pointers}}};\n"
        "const mn_model mn_the_model = {mn_model_tensors, mn_model_tensors, mn_model_ops, mn_arena,"
        " 1, 1, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0};\n"
    )


def measure_core(board: Board, families: list[Board], scratch: Path) -> dict[str, object]:
    """The table of one core."""
    kernels = kernels_of(board.core)
    firmware = _build(synthetic_model(kernels), board, scratch / "all", _EMIT_RELOCATIONS)
    units = read_units(firmware.map_file)
    by_name = {unit.name: unit for unit in units}
    references = read_references(firmware.elf, units)
    base = _base_units(firmware, units, references)
    needed = {kernel: _pulled(firmware, kernel, units, references) for kernel in kernels}
    pulled = {kernel: names - base for kernel, names in needed.items()}
    shared = {kernel: names & base for kernel, names in needed.items() if names & base}
    used = sorted(set().union(*pulled.values(), *shared.values()))
    bytes_per_op = _bytes_per_op(board, scratch)
    return {
        "core": board.core.value,
        "compiler": gcc_version(require_gcc()),
        "bytes_per_op": bytes_per_op,
        "bytes_per_row_op": _bytes_per_row_op(board, scratch, bytes_per_op),
        "families": {b.family: _base_sizes(b, scratch / b.name) for b in families},
        "kernels": {kernel: sorted(names) for kernel, names in sorted(pulled.items())},
        "shared": {kernel: sorted(names) for kernel, names in sorted(shared.items())},
        "units": {name: _sizes(by_name[name]) for name in used},
    }


def with_room(board: Board) -> Board:
    """The board with memory for every measured network; the linked sizes do not depend on it."""
    wanted = (board.region(name) for name in ("flash", "sram"))
    regions = tuple(region.model_copy(update={"length": _ROOM_BYTES}) for region in wanted)
    return board.model_copy(update={"regions": regions, "arena_regions": ("sram",)})


def _build(model: str, board: Board, folder: Path, flags: tuple[str, ...] = ()) -> Firmware:
    return build_firmware(
        {"mn_model.c": model},
        with_room(board),
        workdir=folder,
        cache_dir=folder.parent / "cache",
        extra_flags=flags,
    )


def _base_units(firmware: Firmware, units: list[Unit], references: dict[str, set[str]]) -> set[str]:
    """The firmware's needs without any kernel: from the vectors on, without the network's own object."""
    model = {unit.name for unit in units if unit.name.endswith(_MODEL_OBJECT)}
    without_model = {n: (set() if n in model else refs - model) for n, refs in references.items()}
    return reachable({_unit_of(firmware, "mn_vectors", units)}, without_model)


def _pulled(firmware: Firmware, kernel: str, units: list[Unit], references: dict[str, set[str]]) -> set[str]:
    return reachable({_unit_of(firmware, kernel, units)}, references)


def _unit_of(firmware: Firmware, symbol: str, units: list[Unit]) -> str:
    address = firmware.image.symbol(symbol).address & ~1
    return next(u.name for u in units if u.address <= address < u.address + u.bytes)


def _sizes(unit: Unit) -> list[int]:
    return [unit.bytes, 0] if unit.output == ".code" else [0, unit.bytes]


def _base_sizes(board: Board, folder: Path) -> list[int]:
    linked = _build(synthetic_model({}), board, folder).linked
    return [linked.code, linked.rodata, linked.static]


def _bytes_per_op(board: Board, scratch: Path) -> float:
    """Mean size of the functions that bind an op to the arena, over networks of the search space."""
    total = count = 0
    for number, graph in enumerate(measured_networks()):
        lowered = lower_graph(graph, Target(board.core))
        total += _model_code(graph, lowered, plan_memory(graph, lowered), board, scratch / f"net{number}")
        count += len(lowered)
    return round(total / count, 2)


def _bytes_per_row_op(board: Board, scratch: Path, bytes_per_op: float) -> float:
    """The same of ops that run by rows, over the networks that can."""
    total = count = 0.0
    for number, graph in enumerate(measured_networks()):
        target = Target(board.core)
        found = plan_by_rows(graph, lower_graph(graph, target), target, _ROOM_BYTES)
        if found is None:
            continue
        by_rows = sum(low.row_call is not None for low in found.lowered)
        code = _model_code(graph, found.lowered, found.plan, board, scratch / f"rows{number}")
        total += code - bytes_per_op * (len(found.lowered) - by_rows)
        count += by_rows
    return round(total / count, 2)


def _model_code(graph: Graph, lowered: tuple[Lowered, ...], plan: Plan, board: Board, folder: Path) -> int:
    source = generate(graph, lowered, plan, name="measured")["mn_model.c"]
    firmware = _build(source, board, folder)
    mine = [u for u in read_units(firmware.map_file) if u.name.endswith(_MODEL_OBJECT)]
    return sum(unit.bytes for unit in mine if unit.output == ".code")


def measured_networks() -> Iterator[Graph]:
    """A few networks of every search space, with zeros for weights."""
    rng = np.random.default_rng(0)
    for name in SPACES:
        space = make_space(SpaceConfig(name=name), (28, 28, 1), 10)
        candidates = [*space.baselines(), *(space.sample(rng) for _ in range(20))]
        graphs = (shape_graph(space.net(arch)) for arch in candidates)
        small = (g for g in graphs if sum(t.nbytes for t in g.tensors if t.is_constant) < _SMALL_BYTES)
        for graph in itertools.islice(small, _NETWORKS_PER_SPACE):
            yield with_zeros(graph)


def with_zeros(graph: Graph) -> Graph:
    """The shape-only graph with zeros where it has no values: sizes do not depend on them."""

    def filled(tensor: Tensor) -> Tensor:
        if not tensor.is_constant or tensor.data is not None:
            return tensor
        return replace(tensor, data=np.zeros(tensor.shape, tensor.dtype.value))

    return replace(graph, tensors=tuple(filled(t) for t in graph.tensors))


def main() -> None:
    """Measure every core of the shipped boards and write the table."""
    boards = [load_board(name) for name in board_names()]
    measured = []
    for core in sorted({b.core.value for b in boards}):
        mine = [b for b in boards if b.core.value == core]
        families = list({b.family: b for b in mine}.values())
        with tempfile.TemporaryDirectory() as scratch:
            measured.append(measure_core(mine[0], families, Path(scratch)))
        print(f"{core}: {len(measured[-1]['kernels'])} kernels")  # type: ignore[arg-type]
    TABLE_PATH.write_text(json.dumps({"tables": _merge(measured)}, indent=1) + "\n", encoding="utf-8")


def _merge(measured: list[dict[str, object]]) -> list[dict[str, object]]:
    old = json.loads(TABLE_PATH.read_text(encoding="utf-8"))["tables"] if TABLE_PATH.is_file() else []
    new = {(t["core"], t["compiler"]): t for t in [*old, *measured]}
    return [new[key] for key in sorted(new)]


if __name__ == "__main__":
    main()
