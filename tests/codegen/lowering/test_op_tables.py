"""Every op is in every table: an op that one of them lacks would fail with a KeyError at the first model."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.codegen.lowering.lower import LOWERINGS
from micronas.memory.plan.tflm import KIND_BYTES, UNKNOWN_TO_TFLM
from micronas.model.interpreter.kernels import KERNELS
from micronas.model.tflite.op_format import OP_CODES, OP_FORMATS
from micronas.model.tflite.shape_rules import RULES
from tests.support.random_cases import random_case

TABLES = {
    "reader and writer (model/tflite/op_format.py)": set(OP_FORMATS),
    "the writer's codes (model/tflite/op_format.py)": set(OP_CODES),
    "the reader's shape rules (model/tflite/shape_rules.py)": set(RULES),
    "interpreter (model/interpreter/kernels.py)": set(KERNELS),
    "lowering (codegen/lowering/lower.py)": set(LOWERINGS),
    "TensorFlow Lite Micro's arena (memory/plan/tflm.py)": set(KIND_BYTES) | UNKNOWN_TO_TFLM,
}
EVERY_OP = sorted(set().union(*TABLES.values()))


@pytest.mark.parametrize("table", TABLES)
def test_no_table_lacks_an_op_that_another_has(table: str) -> None:
    assert set(EVERY_OP) - TABLES[table] == set()


@pytest.mark.parametrize("kind", EVERY_OP)
def test_the_fuzz_suites_have_a_case_of_every_op(kind: str) -> None:
    assert random_case(kind, np.random.default_rng(0)).ops[0].kind == kind
