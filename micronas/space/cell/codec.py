"""Architecture <-> JSON, with every gene checked on the way in. An edge is ``[source, op]``."""

from __future__ import annotations

from typing import Any

from micronas.errors import SpaceError
from micronas.space.cell.arch import (
    CELL_INPUTS,
    Cell,
    CellArch,
    CellLimits,
    CellNode,
    Edge,
    EdgeOp,
    Output,
)
from micronas.space.cell.canonical import canonical, is_sound
from micronas.trial import Json

_GENES = {"normal", "reduction", "channels", "repeats", "stages", "stem_stride", "output"}


def to_json(arch: CellArch) -> Json:
    """Genes by name; a cell is a list of nodes, a node two edges."""
    return {
        "normal": _cell_json(arch.normal),
        "reduction": _cell_json(arch.reduction),
        "channels": arch.channels,
        "repeats": arch.repeats,
        "stages": arch.stages,
        "stem_stride": arch.stem_stride,
        "output": arch.output.value,
    }


def from_json(data: Json, limits: CellLimits) -> CellArch:
    """Raises ``SpaceError`` with the gene's path, its value and what is allowed."""
    if not isinstance(data, dict) or data.keys() != _GENES:
        raise SpaceError(f"architecture: an object with the genes {', '.join(sorted(_GENES))} is needed")
    arch = CellArch(
        normal=_cell(data["normal"], "normal", limits),
        reduction=_cell(data["reduction"], "reduction", limits),
        channels=_one_of(data["channels"], "channels", limits.widths),
        repeats=_one_of(data["repeats"], "repeats", tuple(r for _, r in limits.stacks)),
        stages=_one_of(data["stages"], "stages", tuple(s for s, _ in limits.stacks)),
        stem_stride=_one_of(data["stem_stride"], "stem_stride", (1, 2)),
        output=Output(_one_of(data["output"], "output", tuple(o.value for o in Output))),
    )
    check(arch, limits)
    return arch


def check(arch: CellArch, limits: CellLimits) -> None:
    """Raises ``SpaceError`` for a stack outside the limits or a cell that computes nothing."""
    if (arch.stages, arch.repeats) not in limits.stacks:
        raise SpaceError(
            f"stages {arch.stages} with repeats {arch.repeats}: {arch.cells} cells, "
            f"the space has {limits.min_cells} to {limits.max_cells}"
        )
    _one_of(arch.channels, "channels", limits.widths)
    simple = canonical(arch)
    for name, cell in (("normal", simple.normal), ("reduction", simple.reduction)):
        if len(cell.nodes) != limits.nodes:
            raise SpaceError(f"{name}: {len(cell.nodes)} nodes, the space has {limits.nodes}")
        if not is_sound(cell):
            raise SpaceError(f"{name}: no edge with weights, or none from the previous cell")


def _cell_json(cell: Cell) -> Json:
    return [[_edge_json(node.left), _edge_json(node.right)] for node in cell.nodes]


def _edge_json(edge: Edge) -> Json:
    return [edge.source, edge.op.value]


def _cell(raw: Json, path: str, limits: CellLimits) -> Cell:
    if not isinstance(raw, list) or len(raw) != limits.nodes:
        raise SpaceError(f"{path}: a list of {limits.nodes} nodes is needed")
    return Cell(tuple(_node(node, f"{path}[{i}]", i) for i, node in enumerate(raw)))


def _node(raw: Json, path: str, number: int) -> CellNode:
    if not isinstance(raw, list) or len(raw) != 2:
        raise SpaceError(f"{path}: two edges are needed")
    return CellNode(_edge(raw[0], f"{path}[0]", number), _edge(raw[1], f"{path}[1]", number))


def _edge(raw: Json, path: str, number: int) -> Edge:
    if not isinstance(raw, list) or len(raw) != 2:
        raise SpaceError(f"{path}: [source, op] is needed")
    source = _one_of(raw[0], f"{path}.source", tuple(range(CELL_INPUTS + number)))
    return Edge(source, EdgeOp(_one_of(raw[1], f"{path}.op", tuple(op.value for op in EdgeOp))))


def _one_of(value: Any, path: str, allowed: tuple[Any, ...]) -> Any:
    # The type is compared too: to Python, True is 1 and 2.0 is 2.
    if not any(value == a and type(value) is type(a) for a in allowed):
        options = ", ".join(str(a) for a in dict.fromkeys(allowed))
        raise SpaceError(f"{path}: {value!r} is not one of {options}")
    return value
