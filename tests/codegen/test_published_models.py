"""The published networks through generator and portable kernels on the host, against TFLite Micro."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.model.tflite import read
from tests.support.model_runner import run_on_host
from tests.support.oracle import random_inputs, run_tflm

SAMPLES = {"vww_96_int8": 1, "pretrainedResnet_quant": 1}


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_published_networks_equal_tflite_micro(compiler, shared_models, tmp_path):
    rng = np.random.default_rng(3)
    cases = []
    for path in sorted(shared_models.glob("*.tflite")):
        graph = read(path)
        cases.append((graph, random_inputs(graph, rng, SAMPLES.get(graph.name, 3)), path))
    assert len(cases) >= 7
    results = run_on_host([(graph, inputs) for graph, inputs, _ in cases], tmp_path, compiler)
    for (graph, inputs, path), outputs in zip(cases, results, strict=True):
        for got, want in zip(outputs, run_tflm(graph, inputs, path.read_bytes()), strict=True):
            assert np.array_equal(got, want.reshape(got.shape)), graph.name
