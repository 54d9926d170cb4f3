"""C text of a lowered, planned graph: pure, deterministic and readable.

>>> files = generate(graph, lowered, plan, name="kws")          # doctest: +SKIP
>>> sorted(files)                                               # doctest: +SKIP
['mn_model.c']
"""

from __future__ import annotations

from micronas.codegen.arena import ArenaPlan
from micronas.codegen.lowering import Lowered
from micronas.codegen.model_file import model_file
from micronas.model.graph import Graph

__all__ = ["ArenaPlan", "generate"]


def generate(graph: Graph, lowered: tuple[Lowered, ...], plan: ArenaPlan, *, name: str) -> dict[str, str]:
    """File name -> C99 text. It defines ``mn_the_model`` of mn_model.h and needs the kernels' headers."""
    return {"mn_model.c": model_file(graph, lowered, plan, name=name)}
