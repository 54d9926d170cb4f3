"""A network as a self-contained C99 library: model, the kernels it needs, build files, README, host test.

    files = library_files(graph, name="kws")     # path in the library -> text

The library runs on any core: it holds the network twice, once for cores with the DSP extension and once in
portable C, and the compiler selects the matching form. Both give the same outputs in every bit. Files and
symbols of the network carry its name and those of kernels are weak, so that several libraries can be linked
into one program by any build system.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from micronas.deploy.library.form import make_forms
from micronas.deploy.library.front_end import library_front_end, own_files, source_files
from micronas.deploy.library.host_test_source import host_test
from micronas.deploy.library.kernels import kernel_files, weak_kernel
from micronas.deploy.library.texts import PlanFacts, manifest, text_files, values_of
from micronas.deploy.limits import require_bounded
from micronas.errors import ModelError
from micronas.memory.plan.prefer import DEFAULT_PREFER, Prefer
from micronas.model.front_end import FrontEndFile
from micronas.model.graph import Graph


def library_files(
    graph: Graph,
    *,
    name: str,
    labels: Sequence[str] = (),
    why_no_labels: str = "",
    sha256: str | None = None,
    prefer: Prefer = DEFAULT_PREFER,
    removed_bytes: int = 0,
    front_end: FrontEndFile | None = None,
    row_input: bool = False,
) -> Mapping[str, str]:
    """Path -> text of every file of the library called ``name``; raises ``ModelError`` as lowering does.

    ``labels`` names the outputs, one for each, or none, for the reason ``why_no_labels``; ``sha256`` is that
    of the model's file.
    ``removed_bytes`` of constants were in channels that ``graph`` no longer has.
    With ``row_input`` the library asks a function of the application for the rows of its input.
    With ``front_end`` the library computes the network's input from raw samples, if that front end has C.
    """
    require_bounded(graph)
    if not re.fullmatch(r"[A-Za-z]\w*", name, flags=re.ASCII):
        raise ModelError(f"{name!r} is not a valid library name: use letters, digits and _")
    if labels and len(labels) != (outputs := outputs_of(graph)):
        raise ModelError(f"{len(labels)} labels for {outputs} outputs", remedy="give one label per output")
    symbol, forms = f"mn_network_{name}", make_forms(graph, prefer, row_input=row_input)
    files = {f"src/mn_{name}_{form.key}.c": form.source(name, symbol, f"{symbol}.h") for form in forms}
    kernels = {function for form in forms for function in form.functions}
    files |= {f"src/{path}": weak_kernel(path, text) for path, text in kernel_files(kernels).items()}
    front = None if front_end is None else library_front_end(front_end, graph, row_input=row_input)
    computed = front is not None and front.tables is not None
    if front is not None and computed:
        files |= source_files(front)
    own = (f"src/mn_front_end_{name}.c", f"src/mn_front_end_{name}.h") if computed else ()
    sources = sorted([*files, f"src/{symbol}.c", *own])
    values = values_of(graph, name, forms, labels, sources, front, why_no_labels)
    made = own_files(front, graph, values) if front is not None and computed else {}
    files |= made | text_files({**values, "example": "example/main.c" in made}, forms)
    files[f"test/test_{name}.c"] = host_test(graph, name, row_input=row_input)
    files["manifest.json"] = manifest(graph, values, forms, PlanFacts(sha256, prefer, removed_bytes, front))
    return files


def outputs_of(graph: Graph) -> int:
    """How many names the outputs have: the last axis of output 0."""
    return (1, *graph.tensors[graph.outputs[0]].shape)[-1]
