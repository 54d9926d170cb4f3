"""Architecture <-> JSON, with a check of every gene that is read. An edge is ``[source, op]``."""

from __future__ import annotations

from micronas.errors import SpaceError
from micronas.space.cell.arch import (
    CELL_INPUTS,
    Cell,
    CellArch,
    CellLimits,
    CellNode,
    Edge,
)
from micronas.space.cell.canonical import canonical, is_sound
from micronas.space.cell.genes import OP, whole_genes
from micronas.space.gene import Gene, plain
from micronas.space.gene_group import made_of, object_with
from micronas.trial import Json


def to_json(arch: CellArch, limits: CellLimits) -> Json:
    """Genes by name; a cell is a list of nodes, a node two edges."""
    return {
        "normal": _cell_json(arch.normal),
        "reduction": _cell_json(arch.reduction),
        "repeats": arch.repeats,
        "stages": arch.stages,
        **{gene.name: plain(getattr(arch, gene.name)) for gene in whole_genes(limits)},
    }


def from_json(data: Json, limits: CellLimits) -> CellArch:
    """Raises ``SpaceError`` with the gene's path, its value and the allowed values."""
    whole = whole_genes(limits)
    names = {"normal", "reduction", "repeats", "stages", *(gene.name for gene in whole)}
    raw = object_with(data, "architecture", names)
    stack = (
        Gene[CellArch]("stages", tuple(sorted({stages for stages, _ in limits.stacks}))),
        Gene[CellArch]("repeats", tuple(sorted({repeats for _, repeats in limits.stacks}))),
    )
    values = {gene.name: gene.read(raw[gene.name], gene.name) for gene in (*stack, *whole)}
    cells = {name: _cell(raw[name], name, limits) for name in ("normal", "reduction")}
    arch = made_of(CellArch, {**cells, **values})
    check(arch, limits)
    return arch


def check(arch: CellArch, limits: CellLimits) -> CellArch:
    """The canonical form; raises ``SpaceError`` for a stack outside the limits or a cell that computes
    nothing.
    """
    if (arch.stages, arch.repeats) not in limits.stacks:
        raise SpaceError(
            f"stages {arch.stages} with repeats {arch.repeats}: {arch.cells} cells, "
            f"the space has {limits.min_cells} to {limits.max_cells}"
        )
    for gene in whole_genes(limits):
        gene.check(getattr(arch, gene.name), arch, gene.name)
    simple = canonical(arch)
    for name, cell in (("normal", simple.normal), ("reduction", simple.reduction)):
        if len(cell.nodes) != limits.nodes:
            raise SpaceError(f"{name}: {len(cell.nodes)} nodes, the space has {limits.nodes}")
        if not is_sound(cell):
            raise SpaceError(f"{name}: no edge with weights, or none from the previous cell")
    return simple


def _cell_json(cell: Cell) -> Json:
    return [[_edge_json(node.left), _edge_json(node.right)] for node in cell.nodes]


def _edge_json(edge: Edge) -> Json:
    return [edge.source, plain(edge.op)]


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
    source = Gene[Edge]("source", tuple(range(CELL_INPUTS + number)))
    read = {
        gene.name: gene.read(part, f"{path}.{gene.name}")
        for gene, part in zip((source, OP), raw, strict=True)
    }
    return made_of(Edge, read)
