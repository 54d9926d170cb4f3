"""Random one-op networks for every op, and the comparison of their outputs with TensorFlow Lite Micro."""

from __future__ import annotations

import numpy as np

from micronas.codegen.lowering.lower import LOWERINGS
from tests.support.oracle import random_inputs, run_tflm
from tests.support.random_cases import random_case

CASES_PER_OP = {"CONV_2D": 40, "DEPTHWISE_CONV_2D": 40, "FULLY_CONNECTED": 30}
DEFAULT_CASES = 12
SAMPLES = 2


def fuzz_cases(seed: int):
    cases = []
    for kind in sorted(LOWERINGS):
        rng = np.random.default_rng([seed, sum(map(ord, kind))])
        for _ in range(CASES_PER_OP.get(kind, DEFAULT_CASES)):
            graph = random_case(kind, rng)
            cases.append((graph, random_inputs(graph, rng, SAMPLES)))
    return cases


def assert_equal_to_tflm(cases, results):
    for (graph, inputs), outputs in zip(cases, results, strict=True):
        for got, want in zip(outputs, run_tflm(graph, inputs), strict=True):
            assert got.tobytes() == want.tobytes(), graph.ops
