"""Build files, header, manifest, README and licence of an exported library."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from micronas.codegen.comments import in_comment
from micronas.codegen.lowering.row_window import row_bytes
from micronas.deploy.library.form import Form, version
from micronas.deploy.library.front_end import LibraryFrontEnd
from micronas.deploy.library.render import render
from micronas.errors import plural
from micronas.host.resources import resource
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import DType, Graph, Tensor


def values_of(
    graph: Graph,
    name: str,
    forms: Sequence[Form],
    labels: Sequence[str],
    sources: Sequence[str],
    front: LibraryFrontEnd | None = None,
    why_no_labels: str = "",
) -> dict[str, object]:
    """The variables of the templates."""
    symbol, first_in, first_out = (
        f"mn_network_{name}",
        _first(graph, graph.inputs),
        _first(graph, graph.outputs),
    )
    int8_output = first_out.dtype is DType.INT8
    if labels and not int8_output:
        why_no_labels = f"output 0 is {first_out.dtype.value}, and only int8 outputs have names"
    both = int8_output and first_in.dtype is DType.INT8
    return {
        "name": name,
        "symbol": symbol,
        "macro": symbol.upper(),
        "header": f"{symbol}.h",
        "version": version(),
        "arena_bytes": max(form.plan.arena_bytes for form in forms),
        "by_rows": any(form.plan.row_steps for form in forms),
        "rows": _input_rows(first_in, forms),
        "inputs": [graph.tensors[t] for t in graph.inputs],
        "outputs": [graph.tensors[t] for t in graph.outputs],
        "names": {"inputs": _named(first_in), "outputs": _named(first_out)},
        "labels": [c_string(label) for label in labels] if int8_output else [],
        "label_names": list(labels) if int8_output else [],
        "why_no_labels": why_no_labels,
        "quantized": both and first_in.quant is not None and first_out.quant is not None,
        "int8_output": int8_output,
        "states": len(graph.states),
        "ops": plural(len(graph.ops), "operator"),
        "tensors": _tensors(graph),
        "target": _target(graph, front) if both else None,
        "front": None if front is None else front.to_json(),
        "sources": [path for path in sources if not path.endswith(".h")],
    }


def text_files(values: dict[str, object], forms: Sequence[Form]) -> dict[str, str]:
    """Path -> text of all files except the network's C, the kernels and the test."""
    name, symbol, header = values["name"], values["symbol"], values["header"]
    sample = f"zephyr/samples/{name}"
    pages = {
        f"src/{header}": "network.h",
        f"src/{symbol}.c": "network.c",
        "CMakeLists.txt": "CMakeLists.txt",
        "README.md": "README.md",
        "library.properties": "library.properties",
        f"examples/{symbol}_demo/{symbol}_demo.ino": "demo.ino",
        "zephyr/module.yml": "module.yml",
        "zephyr/CMakeLists.txt": "zephyr_CMakeLists.txt",
        "zephyr/Kconfig": "Kconfig",
        f"{sample}/CMakeLists.txt": "sample_CMakeLists.txt",
        f"{sample}/src/main.c": "sample_main.c",
        f"micronas.{symbol}.pdsc": "pack.pdsc",
    }
    if values["rows"]:
        pages["example/rows.c"] = "example_rows.c"
    texts = {path: render(template, values) for path, template in pages.items()}
    tables = [_for_people(form) for form in forms]
    return {
        **texts,
        f"{sample}/prj.conf": f"CONFIG_{values['macro']}=y\n",
        "MEMORY.md": render("MEMORY.md", {"name": name, "forms": tables}),
        "library.json": _platformio_library(str(name), str(header)),
        "LICENSE": resource("LICENSE").read_text(encoding="utf-8"),
    }


@dataclass(frozen=True)
class PlanFacts:
    """What the manifest says of the model: hash of its file, plan, bytes of constants left out, front end."""

    model_sha256: str | None
    prefer: Prefer
    removed_bytes: int
    front_end: LibraryFrontEnd | None = None


def manifest(graph: Graph, values: dict[str, object], forms: Sequence[Form], facts: PlanFacts) -> str:
    """``manifest.json``; its keys are stable and described in docs/guides/export.md."""
    document = {
        "format": 1,
        "name": values["name"],
        "micronas": values["version"],
        "model_sha256": facts.model_sha256,
        "prefer": facts.prefer.value,
        "input": "rows" if values["rows"] else "tensor",
        "constant_channels": {"removed_bytes": facts.removed_bytes},
        "front_end": None if facts.front_end is None else facts.front_end.to_json(),
        "inputs": [_tensor_json(graph.tensors[t]) for t in graph.inputs],
        "outputs": [_tensor_json(graph.tensors[t]) for t in graph.outputs],
        "labels": values["label_names"],
        "why_no_labels": values["why_no_labels"],
        "forms": [form.to_json() for form in forms],
    }
    return json.dumps(document, indent=2) + "\n"


def c_string(text: str) -> str:
    """``text`` as a C string literal; bytes beyond ASCII as octal escapes, which no digit can lengthen."""
    codes = text.encode("utf-8", "surrogateescape")
    plain = (chr(c) if 32 <= c < 127 and chr(c) not in '"\\?' else f"\\{c:03o}" for c in codes)
    return f'"{"".join(plain)}"'


def _target(graph: Graph, front: LibraryFrontEnd | None) -> dict[str, str] | None:
    """What the output of a regression means, as text of C; None for other networks."""
    target = None if front is None else front.file.target
    if target is None or graph.tensors[graph.outputs[0]].elements != 1:
        return None
    return {
        "name": in_comment(target.name),
        "unit": in_comment(target.unit),
        "name_string": c_string(target.name),
        "unit_string": c_string(target.unit),
        "mean": _float(target.mean),
        "spread": _float(target.spread),
    }


def _float(value: float) -> str:
    """A float constant of C, to the digits of float32."""
    text = f"{value:.9g}"
    return f"{text}f" if any(c in text for c in ".e") else f"{text}.0f"


def _input_rows(tensor: Tensor, forms: Sequence[Form]) -> dict[str, int] | None:
    """What the application delivers row by row; None if it writes the whole input."""
    if not forms[0].takes_rows:
        return None
    _, height, width, channels = tensor.shape
    return {"count": height, "nbytes": row_bytes(tensor), "width": width, "channels": channels}


def _first(graph: Graph, indices: tuple[int, ...]) -> Tensor:
    return graph.tensors[indices[0]]


def _named(tensor: Tensor) -> str:
    """A tensor's name for a C comment."""
    return f", {in_comment(tensor.name)}" if tensor.name else ""


def _for_people(form: Form) -> dict[str, object]:
    return {
        "title": form.title,
        "constant_bytes": form.constant_bytes,
        "arena_bytes": form.plan.arena_bytes,
        "ops": form.ops(),
        "picture": form.picture(),
    }


def _tensor_json(tensor: Tensor) -> dict[str, object]:
    quant = tensor.quant
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "type": tensor.dtype.value,
        "bytes": tensor.nbytes,
        "scale": quant.scale[0] if quant else None,
        "zero_point": quant.zero_point[0] if quant else None,
    }


def _platformio_library(name: str, header: str) -> str:
    return (
        json.dumps(
            {
                "name": name,
                "version": "1.0.0",
                "description": "An int8 neural network generated by micronas",
                "license": "Apache-2.0",
                "platforms": "*",
                "frameworks": "*",
                "headers": header,
                "build": {"includeDir": "src", "srcDir": "src"},
            },
            indent=2,
        )
        + "\n"
    )


def _tensors(graph: Graph) -> str:
    """The inputs and outputs as a list."""
    lines = [
        f"- {kind} {i}{_named(tensor)}: {'x'.join(map(str, tensor.shape))} {tensor.dtype.value}"
        + (
            f", real = {tensor.quant.scale[0]:.9g} * (q - {tensor.quant.zero_point[0]})"
            if tensor.quant
            else ""
        )
        for kind, indices in (("input", graph.inputs), ("output", graph.outputs))
        for i, tensor in enumerate(graph.tensors[t] for t in indices)
    ]
    return "\n".join(lines)
