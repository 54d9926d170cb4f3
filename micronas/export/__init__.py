"""A network as a self-contained C99 library: model, the kernels it needs, build files, README, host test.

    files = library_files(graph, name="kws")     # path in the library -> text

The library runs on any core: it contains the network twice, for cores with the DSP extension and in portable
C, and the compiler selects the suitable one. Both give the same outputs in every bit. Network and arena have
the library's name, so that libraries of several networks can be linked into one program.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from micronas.board import Core
from micronas.codegen import generate
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.errors import ModelError
from micronas.export.host_test_source import host_test
from micronas.export.kernels import kernel_files
from micronas.export.texts import cmake_lists, license_text, network_header, platformio_library, readme
from micronas.memory.plan import Plan, plan_memory
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.model.graph import Graph

_FORMS = (
    ("mn_model_dsp.c", Core.M4F, "#if defined(__ARM_FEATURE_DSP)"),
    ("mn_model_portable.c", Core.M0PLUS, "#if !defined(__ARM_FEATURE_DSP)"),
)

_NAMED = """\
#include "mn_network_{name}.h"

#define mn_the_model mn_network_{name}
#define mn_arena mn_network_{name}_arena

{condition}
{text}#endif
"""


MAX_ARENA_BYTES = 64 * 1024 * 1024
"""More than any microcontroller's memory; the example data of a network that is larger would take hours."""


def library_files(graph: Graph, *, name: str) -> Mapping[str, str]:
    """Path -> text of every file of the library called ``name``; raises ``ModelError`` as lowering does."""
    if not re.fullmatch(r"[A-Za-z]\w*", name, flags=re.ASCII):
        raise ModelError(f"{name!r} is not a valid library name: use letters, digits and _")
    files: dict[str, str] = {}
    kernels: set[str] = set()
    arena_bytes = 0
    for file_name, core, condition in _FORMS:
        lowered = lower_graph(graph, Target(core))
        lowered, plan = use_free_bytes(lowered, plan_memory(graph, lowered))
        _require_possible(graph, plan)
        text = generate(graph, lowered, plan, name=name)["mn_model.c"]
        files[f"src/{file_name}"] = _NAMED.format(name=name, condition=condition, text=text)
        kernels |= {op.kernel for op in lowered}
        arena_bytes = max(arena_bytes, plan.arena_bytes)
    files |= {f"src/{path}": text for path, text in kernel_files(kernels).items()}
    files[f"src/mn_network_{name}.h"] = network_header(name)
    files["test/test_model.c"] = host_test(graph, name)
    files["CMakeLists.txt"] = cmake_lists(name, sorted(p for p in files if p.startswith("src/")))
    files["library.json"] = platformio_library(name)
    files["README.md"] = readme(graph, name, arena_bytes)
    files["LICENSE"] = license_text()
    return files


def _require_possible(graph: Graph, plan: Plan) -> None:
    """Refuses a network that no microcontroller holds, before anything is run or written."""
    if plan.arena_bytes <= MAX_ARENA_BYTES:
        return
    where = "" if plan.peak_op is None else f" (most at op {plan.peak_op} {graph.ops[plan.peak_op].kind})"
    raise ModelError(
        f"{graph.name}: the activations take {plan.arena_bytes:,} bytes{where}; "
        f"a library is made for at most {MAX_ARENA_BYTES:,}",
        remedy="a smaller input, fewer channels, or a stride early in the network",
    )
