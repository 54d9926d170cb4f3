"""The genes of the cell space outside its cells, each declared once; and the operation of an edge.

Code implements only the rules that lists of options cannot express: a stack is a pair of numbers within the
limits, an edge reads an earlier value, and a cell must compute something (``canonical``).
"""

from __future__ import annotations

from micronas.space.cell.arch import CellArch, CellLimits, Edge, EdgeOp, Output
from micronas.space.gene import Gene, near, others
from micronas.space.optional_gene import optional_genes

OP = Gene[Edge]("op", tuple(EdgeOp), steps=others)
"""The gene of every edge."""


def whole_genes(limits: CellLimits) -> tuple[Gene[CellArch], ...]:
    """Genes of the whole network, in the order of tokens; ``CellArch`` declares the optional ones."""
    return (
        Gene("channels", limits.widths, steps=near),
        Gene("stem_stride", (1, 2), steps=others),
        Gene("output", tuple(Output), steps=others),
        *(gene for gene in optional_genes(CellArch, limits.optional) if gene.is_declared),
    )
