"""Of the files of past failures, those that are refused: none that another int8 runtime computes rightly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.errors import ModelError
from micronas.model.tflite import read_bytes
from tests.support.oracle import tflm_interpreter
from tests.support.tflite_files import edited, refusal

OTHER_TYPES = {
    "crash_min": "float model",
    "layernorm": "NEG works on float32 in an int8 network",
    "i16x8": "int16 activations",
}
REFUSED_BY_TFLM = {
    "bias_scale_wrong": "has scale 123",
    "name_ansi": "has a scale that is not a positive number",
    "pool_rescale": "input and output have different scales",
}
WRONG_IN_TFLM = {
    "bias_extreme": "the sums of channel",
    "fc_shuffled_weights": "weightsFormat is 1",
    "no_zero_point": "has a scale but no zero point",
}
REASONS = OTHER_TYPES | REFUSED_BY_TFLM | WRONG_IN_TFLM


def bytes_of(folder: Path, name: str) -> bytes:
    return (folder / f"{name}.tflite").read_bytes()


def tflm_output(data: bytes, fill: int) -> np.ndarray:
    interpreter = tflm_interpreter(data)
    shape = interpreter.get_input_details(0)["shape"]
    interpreter.set_input(np.full(shape, fill, np.int8), 0)
    interpreter.invoke()
    return np.array(interpreter.get_output(0)).reshape(-1)


def test_these_and_no_others_are_refused_each_for_its_own_reason(shared_inputs: Path) -> None:
    refused = {}
    for path in sorted(shared_inputs.glob("*.tflite")):
        try:
            read_bytes(path.read_bytes(), path.stem)
        except ModelError as error:
            refused[path.stem] = error.message
    assert sorted(refused) == sorted(REASONS)
    assert [name for name, reason in REASONS.items() if reason not in refused[name]] == []


@pytest.mark.parametrize("name", sorted(REFUSED_BY_TFLM))
def test_tflite_micro_refuses_it_too(name: str, shared_inputs: Path) -> None:
    with pytest.raises(RuntimeError, match="failed to allocate tensors"):
        tflm_interpreter(bytes_of(shared_inputs, name))


def test_tflite_micro_wraps_a_sum_beyond_32_bits(shared_inputs: Path) -> None:
    """Channel 0 has a bias of 2^31 - 1 and inputs that add to it: the output is 127, not -128."""
    data = bytes_of(shared_inputs, "bias_extreme")
    assert tflm_output(data, 0)[0] == 127
    assert tflm_output(data, 127)[0] == -128


def test_tflite_micro_reads_shuffled_weights_as_if_they_were_not(shared_inputs: Path) -> None:
    def plain(tree):
        for op in tree.subgraphs[0].operators:
            if hasattr(op.builtinOptions, "weightsFormat"):
                op.builtinOptions.weightsFormat = 0

    data = bytes_of(shared_inputs, "fc_shuffled_weights")
    for fill in (-100, 3, 90):
        assert tflm_output(data, fill).tolist() == tflm_output(edited(data, plain), fill).tolist()


def test_tflite_micro_ignores_a_scale_without_zero_point(shared_inputs: Path) -> None:
    """Its output is the same for every input; TensorFlow Lite refuses the file."""
    data = bytes_of(shared_inputs, "no_zero_point")
    assert len({tuple(tflm_output(data, fill)) for fill in (-128, 0, 127)}) == 1
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter
    with pytest.raises(ValueError, match="null zero_point"):
        interpreter(model_content=data).allocate_tensors()
    assert "TensorFlow Lite refuses it too" in refusal(data)
