"""What no kernel computes is refused by name, and what one can do in place is not given up."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen import generate
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.errors import ModelError
from micronas.memory.plan import plan_memory
from micronas.model.graph import Graph, Quant
from micronas.model.net import Conv, NetBuilder, shape_graph
from tests.support.host_c import WARNINGS
from tests.support.model_runner import KERNELS, flat_plan
from tests.support.random_cases import random_case

WEIGHTS = 1


def with_weights_quant(graph: Graph, quant: Quant | None) -> Graph:
    tensors, index = list(graph.tensors), graph.ops[0].inputs[WEIGHTS]
    tensors[index] = replace(tensors[index], quant=quant)
    return replace(graph, tensors=tuple(tensors))


@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M4F], ids=lambda core: core.name)
@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_weights_with_a_zero_point_are_refused(kind: str, core: Core) -> None:
    """Kernels multiply weights as they are; TFLite's int8 scheme has no zero point for them."""
    graph = random_case(kind, np.random.default_rng(3))
    quant = graph.tensors[graph.ops[0].inputs[WEIGHTS]].quant
    assert quant is not None
    lower_graph(graph, Target(core))
    crooked = replace(quant, zero_point=(*quant.zero_point[:-1], 3))
    for odd in (crooked, None):
        with pytest.raises(ModelError, match=rf"{kind}.*zero point other than 0, or no scale"):
            lower_graph(with_weights_quant(graph, odd), Target(core))


@pytest.mark.parametrize("outputs", [8, 16])
def test_a_pointwise_convolution_that_does_not_widen_runs_in_place(outputs: int) -> None:
    """8 x 8 x 16 to as many or fewer channels: the input and one pixel of scratch are all it takes."""
    graph = shape_graph(NetBuilder((8, 8, 16)).chain(Conv(outputs, 1, 1)).build())
    plan = plan_memory(graph, lower_graph(graph, Target(Core.M0PLUS)))
    assert plan.arena_bytes == 8 * 8 * 16 + 16


@pytest.mark.parametrize("name", ["kws */ #error", "a\n#error", "/* kws", "plain"])
def test_no_network_name_ends_the_comment_that_it_stands_in(name: str, tmp_path: Path) -> None:
    graph = random_case("RELU", np.random.default_rng(1))
    lowered = lower_graph(graph, Target(Core.M0PLUS))
    text = generate(graph, lowered, flat_plan(graph, lowered), name=name)["mn_model.c"]
    (tmp_path / "mn_model.c").write_text(text, encoding="utf-8")
    command = ["gcc", *WARNINGS, "-Wno-comment", "-fsyntax-only", f"-I{KERNELS}", tmp_path / "mn_model.c"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert "#error" not in code
    assert "kws" not in code
