"""Networks whose first ops run by rows, generated, compiled and run, against the reference interpreter."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.board import Core
from micronas.memory.plan.rows import chains
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read
from tests.support.by_rows import arrange_by_bands, arrange_by_rows, arrange_by_waves
from tests.support.model_runner import run_in_emulator, run_on_host
from tests.support.oracle import random_inputs
from tests.support.random_chains import random_chain


def random_cases(seed: int, count: int):
    rng = np.random.default_rng(seed)
    graphs = [g for i in range(10 * count) if chains(g := random_chain(rng, i))][:count]
    kinds = {op.kind for graph in graphs for op in graph.ops}
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "AVERAGE_POOL_2D", "MAX_POOL_2D"} <= kinds
    return [(graph, random_inputs(graph, rng, 2)) for graph in graphs]


def arrange(graph, target):
    """One row at a time, as many as the arena holds, or in waves of some rows."""
    ways = arrange_by_rows, arrange_by_bands, arrange_by_waves
    return ways[int(graph.name[-1]) % 3](graph, target)


def check(cases, results) -> None:
    for (graph, inputs), outputs in zip(cases, results, strict=True):
        for got, want in zip(outputs, run_batch(graph, inputs), strict=True):
            assert np.array_equal(got, want.reshape(got.shape)), graph.name


def test_portable_kernels_by_rows_equal_the_interpreter(tmp_path) -> None:
    cases = random_cases(1, 10)
    check(cases, run_on_host(cases, tmp_path, arrange=arrange))


@pytest.mark.slow
@pytest.mark.emulator
def test_dsp_kernels_by_rows_equal_the_interpreter(tmp_path) -> None:
    cases = random_cases(2, 16)
    check(cases, run_in_emulator(cases, tmp_path, Core.M4F, arrange=arrange))


@pytest.mark.exhaustive
@pytest.mark.emulator
def test_published_networks_by_rows_equal_the_interpreter(shared_models, tmp_path) -> None:
    rng = np.random.default_rng(3)
    names = ("kws_ref_model", "vww_96_int8", "pretrainedResnet_quant")
    graphs = [read(shared_models / f"{name}.tflite") for name in names]
    cases = [(graph, random_inputs(graph, rng, 1)) for graph in graphs]
    check(cases, run_in_emulator(cases, tmp_path, Core.M4F, arrange=arrange_by_rows))
