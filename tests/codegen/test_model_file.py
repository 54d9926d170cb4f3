"""The generated text: deterministic, readable names, and linked sizes equal to the predicted ones."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from micronas.board import Core
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import LOWERINGS, lower_graph
from micronas.codegen.lowering.sizes import constant_items, model_constant_bytes
from micronas.errors import ModelError
from micronas.model.graph import DType, Graph, Op
from tests.support.host_c import WARNINGS
from tests.support.model_runner import KERNELS, model_text
from tests.support.random_cases import random_case

CORES = (Core.M0PLUS, Core.M3, Core.M4F, Core.M7, Core.M33)


def one_graph(kind: str, seed: int = 5) -> Graph:
    return random_case(kind, np.random.default_rng(seed))


def in_weight_range(graph: Graph) -> Graph:
    """The same graph with weights of -127 for -128, which TFLite's quantization scheme does not have."""
    tensors = tuple(
        dataclasses.replace(t, data=np.maximum(t.data, -127))
        if t.is_constant and t.dtype is DType.INT8
        else t
        for t in graph.tensors
    )
    return dataclasses.replace(graph, tensors=tensors)


def without_values(graph: Graph) -> Graph:
    """The same graph as an architecture gives it before training: weights and biases have no values."""
    tensors = list(graph.tensors)
    for op in graph.ops:
        if op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            for t in graph.constant_inputs(op):
                tensors[t] = dataclasses.replace(tensors[t], data=None)
    return dataclasses.replace(graph, tensors=tuple(tensors))


def linked_objects(source: str, core: Core, folder) -> dict[str, int]:
    """Symbol -> bytes of the data objects that the cross compiler makes of a generated file."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on PATH")
    path, elf = folder / "mn_model.c", folder / "mn_model.o"
    path.write_text(source)
    command = ["arm-none-eabi-gcc", *core.compiler_flags, *WARNINGS, "-O2", f"-I{KERNELS}"]
    done = subprocess.run(
        [*command, "-c", "-o", elf, path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    with elf.open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        return {s.name: s["st_size"] for s in symbols if s["st_info"]["type"] == "STT_OBJECT"}


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
def test_linked_constants_equal_the_prediction(core, tmp_path):
    for kind in sorted(LOWERINGS):
        graph = one_graph(kind)
        lowered = lower_graph(graph, Target(core))
        linked = linked_objects(model_text(graph, Target(core)), core, tmp_path)
        predicted = {item.symbol: item.nbytes for item in constant_items(graph, lowered)}
        assert {n: b for n, b in linked.items() if n.startswith("mn_model_")} == predicted, kind
        assert set(linked) - set(predicted) == {"mn_arena", "mn_the_model"}


@pytest.mark.parametrize("core", CORES, ids=lambda core: core.name)
@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_a_graph_without_values_has_the_same_bytes(core, kind):
    for seed in range(8):
        graph = in_weight_range(one_graph(kind, seed))
        bare = without_values(graph)
        full, empty = lower_graph(graph, Target(core)), lower_graph(bare, Target(core))
        assert model_constant_bytes(graph, full) == model_constant_bytes(bare, empty)
        assert [op.scratch_bytes for op in full] == [op.scratch_bytes for op in empty]


def test_weights_that_the_dsp_packing_cannot_hold_take_the_portable_kernel():
    graph = in_weight_range(one_graph("FULLY_CONNECTED"))
    assert "_dsp" in lower_graph(graph, Target(Core.M4F))[0].kernel
    data = np.array(graph.tensors[1].data)
    data.flat[0] = -128
    tensors = (graph.tensors[0], dataclasses.replace(graph.tensors[1], data=data), *graph.tensors[2:])
    extreme = dataclasses.replace(graph, tensors=tensors)
    assert "_s8" in lower_graph(extreme, Target(Core.M4F))[0].kernel


def test_text_is_deterministic():
    assert model_text(one_graph("CONV_2D")) == model_text(one_graph("CONV_2D"))


def test_equal_constants_are_not_shared():
    """Else a trained network would link larger than the untrained one that was budgeted."""
    text = model_text(one_graph("ADD"))
    assert "mn_model_op0" in text
    graph = one_graph("TANH")
    twice = dataclasses.replace(
        graph,
        tensors=(*graph.tensors, graph.tensors[graph.ops[0].outputs[0]]),
        ops=(graph.ops[0], Op("TANH", graph.ops[0].inputs, (len(graph.tensors),), graph.ops[0].attrs)),
    )
    lowered = lower_graph(twice, Target(Core.M4F))
    assert [i.nbytes for i in constant_items(twice, lowered) if i.symbol.endswith("_values")] == [256, 256]


def test_every_unsupported_op_is_named():
    graph = one_graph("TANH")
    foreign = dataclasses.replace(graph, ops=(dataclasses.replace(graph.ops[0], kind="LSTM"),))
    with pytest.raises(ModelError, match="op 0 LSTM"):
        lower_graph(foreign, Target(Core.M4F))


@pytest.mark.parametrize(
    "name", ["a/*b*/c", "*/ int x; /*", "??/", "größe\n", "tail\\", "x" * 300, ""], ids=ascii
)
def test_names_of_tensors_stand_in_comments_whatever_they_are(name, tmp_path):
    graph = one_graph("CONV_2D")
    named = dataclasses.replace(
        graph, tensors=tuple(dataclasses.replace(t, name=f"{name}{i}") for i, t in enumerate(graph.tensors))
    )
    (tmp_path / "mn_model.c").write_text(model_text(named, Target(Core.M4F)))
    command = ["gcc", *WARNINGS, f"-I{KERNELS}", "-c", "mn_model.c", "-o", "mn_model.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_name_of_every_activation_is_in_the_text():
    graph = one_graph("CONV_2D")
    named = dataclasses.replace(
        graph, tensors=tuple(dataclasses.replace(t, name=f"tensor/{i}") for i, t in enumerate(graph.tensors))
    )
    text = model_text(named, Target(Core.M4F))
    for i in (*graph.inputs, *graph.outputs):
        assert len(re.findall(rf"tensor/{i}\b", text)) == 2
