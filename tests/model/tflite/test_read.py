"""Reading .tflite files: what comes in, and each refusal with its reason."""

from __future__ import annotations

import copy
import re
import subprocess
import sys

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.errors import ModelError
from micronas.model.graph import DType, Quant
from micronas.model.op_attributes import Activation, Conv2D, FullyConnected, Padding, Pool2D
from micronas.model.tflite import read, read_bytes
from micronas.model.tflite.advice import advice
from micronas.model.tflite.op_format import OP_FORMATS
from micronas.model.tflite.writer import write
from tests.support.graph_builder import GraphBuilder
from tests.support.random_cases import CASES, random_case
from tests.support.tflite_files import edited, refusal


def model_of(kind: str, seed: int = 0) -> bytes:
    return write(random_case(kind, np.random.default_rng(seed)))


def test_published_network_is_read_as_its_paper_describes_it(shared_models):
    """DS-CNN of MLPerf Tiny keyword spotting: one 10x4 convolution, four separable blocks, pool, dense."""
    graph = read(shared_models / "kws_ref_model.tflite")
    assert graph.name == "kws_ref_model"
    separable = ["DEPTHWISE_CONV_2D", "CONV_2D"] * 4
    tail = ["AVERAGE_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
    assert [op.kind for op in graph.ops] == ["CONV_2D", *separable, *tail]
    assert graph.ops[0].attrs == Conv2D(2, 2, Padding.SAME, Activation.RELU)
    assert graph.ops[9].attrs == Pool2D(25, 5, 25, 5, Padding.VALID)
    source = graph.tensors[graph.inputs[0]]
    assert (source.shape, source.dtype) == ((1, 49, 10, 1), DType.INT8)
    assert source.quant == Quant((float(np.float32(0.5847029)),), (83,))
    weights = graph.tensors[graph.ops[0].inputs[1]]
    assert weights.shape == (64, 10, 4, 1)
    assert len(weights.quant.scale) == 64
    assert weights.quant.axis == 0


def test_constants_of_the_published_networks_add_up(shared_models):
    """Bytes of all constants as the models' README counts them."""
    for name, expected in {"kws_ref_model": 24_376, "ad01_int8": 270_880, "str_ww_ref_model": 49_420}.items():
        graph = read(shared_models / f"{name}.tflite")
        used = {t for op in graph.ops for t in graph.constant_inputs(op)}
        assert sum(graph.tensors[t].nbytes for t in used) == expected


def test_float_edges_are_read_in():
    b = GraphBuilder()
    quant = Quant((0.1,), (3,))
    x = b.input((1, 8), None, DType.FLOAT32)
    q, r, y = b.value((1, 8), quant), b.value((1, 8), quant), b.value((1, 8), None, DType.FLOAT32)
    b.op("QUANTIZE", [x], [q])
    b.op("RELU", [q], [r])
    b.op("DEQUANTIZE", [r], [y])
    graph = read_bytes(write(b.graph([y])), "edges.tflite")
    assert [op.kind for op in graph.ops] == ["QUANTIZE", "RELU", "DEQUANTIZE"]
    assert graph.tensors[graph.inputs[0]].dtype is DType.FLOAT32


def test_depthwise_scales_lie_along_the_last_axis():
    graph = next(
        g
        for g in (random_case("DEPTHWISE_CONV_2D", np.random.default_rng(s)) for s in range(50))
        if g.tensors[g.ops[0].inputs[1]].quant.per_channel
    )
    back = read_bytes(write(graph), "person_detect.tflite")
    assert back.tensors[back.ops[0].inputs[1]].quant.axis == 3


# --- files that are no models -----------------------------------------------------------------------


def test_paths_that_hold_no_file(tmp_path):
    with pytest.raises(ModelError, match="file not found"):
        read(tmp_path / "absent.tflite")
    with pytest.raises(ModelError, match="is a folder"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 53936\n", "Git LFS pointer"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "not a .tflite file"),
        (b"TFL3", "not a .tflite file"),
        (bytes(4) + b"TFL3" + bytes(40), "model.tflite: "),
    ],
)
def test_other_files_are_named_for_what_they_are(content, reason):
    assert reason in refusal(content)


# --- names --------------------------------------------------------------------------------------------

FORGED = "t\x1b[31m\r\nmicronas: it fits\u202e\x07"


def test_names_in_a_file_are_printed_escaped():
    def edit(tree):
        tree.subgraphs[0].tensors[0].name = FORGED.encode()

    graph = read_bytes(edited(model_of("RELU"), edit), "model.tflite")
    (name,) = (tensor.name for i, tensor in enumerate(graph.tensors) if i in graph.inputs)
    assert name == r"t\x1b[31m\r\nmicronas: it fits\u202e\x07"


def test_a_refusal_holds_no_control_character_of_the_file():
    def edit(tree):
        tree.subgraphs[0].tensors[0].name = FORGED.encode()
        tree.subgraphs[0].tensors[0].quantization.scale = np.zeros(1, np.float32)

    def custom(tree):
        tree.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
        tree.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        tree.operatorCodes[0].customCode = FORGED.encode()

    for change in (edit, custom):
        lines = refusal(edited(model_of("RELU"), change)).splitlines()
        assert lines[0].isprintable()
        assert "it fits" in lines[0]


# --- sound files that are no int8 networks ----------------------------------------------------------


def set_types(code: int, *, constants: bool):
    """Every activation (and constant, if asked) of the first subgraph gets another type."""

    def edit(tree):
        for tensor in tree.subgraphs[0].tensors:
            data = tree.buffers[tensor.buffer].data
            if data is None or constants:
                tensor.type = code
                if data is not None:
                    width = {schema.TensorType.FLOAT32: 4, schema.TensorType.UINT8: 1}[code]
                    elements = int(np.prod(tensor.shape))
                    tree.buffers[tensor.buffer].data = np.zeros(width * elements, np.uint8)

    return edit


def test_float_model():
    data = edited(model_of("CONV_2D"), set_types(schema.TensorType.FLOAT32, constants=True))
    text = refusal(data)
    assert "float model" in text
    assert "representative_dataset" in text


def test_hybrid_model():
    data = edited(model_of("CONV_2D"), set_types(schema.TensorType.FLOAT32, constants=False))
    assert "hybrid model: op #0 CONV_2D has int8 weights but float activations" in refusal(data)


def test_uint8_model():
    data = edited(model_of("CONV_2D"), set_types(schema.TensorType.UINT8, constants=True))
    text = refusal(data)
    assert "uint8 model: op #0 CONV_2D works on uint8" in text
    assert "full integer quantization" not in text  # it has it, in an older scheme


def test_int16_activations():
    data = edited(model_of("CONV_2D"), set_types(schema.TensorType.INT16, constants=False))
    assert "int16 activations" in refusal(data)


def test_float_island_in_an_int8_network():
    b = GraphBuilder()
    quant = Quant((0.1,), (3,))
    x, f = b.input((1, 8), quant), b.value((1, 8), None, DType.FLOAT32)
    g, y = b.value((1, 8), None, DType.FLOAT32), b.value((1, 8), quant)
    b.op("DEQUANTIZE", [x], [f])
    b.op("TANH", [f], [g])
    b.op("QUANTIZE", [g], [y])
    text = refusal(write(b.graph([y])))
    assert "op #1 TANH works on float32 in an int8 network" in text  # not the DEQUANTIZE before it
    assert "calibration" in text


def test_custom_op_is_named():
    def edit(tree):
        tree.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
        tree.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        tree.operatorCodes[0].customCode = b"TFLite_Detection_PostProcess"

    assert "op #0 is the custom op 'TFLite_Detection_PostProcess'" in refusal(edited(model_of("RELU"), edit))


def test_unsupported_op_is_named_with_its_place():
    def edit(tree):
        tree.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUMSUM
        tree.operatorCodes[0].deprecatedBuiltinCode = 127

    assert "op #0 CUMSUM is not supported" in refusal(edited(model_of("RELU"), edit))


def operator_codes() -> list[str]:
    """Every op of TFLite's schema that the reader does not support."""
    names = (name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int))
    control = {"CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"}
    return sorted(n for n in names if n not in {*OP_FORMATS, *control} and not n.startswith("STABLEHLO"))


# Resource variables, and what a converter of TensorFlow never writes into a model of Keras layers.
NO_LAYER = {
    "UNSORTED_SEGMENT_PROD",
    "UNSORTED_SEGMENT_MAX",
    "UNSORTED_SEGMENT_SUM",
    "UNSORTED_SEGMENT_MIN",
    "SEGMENT_SUM",
    "SPARSE_TO_DENSE",
    "MATRIX_DIAG",
    "MATRIX_SET_DIAG",
    "SCATTER_ND",
    "CUMSUM",
}


@pytest.mark.parametrize("kind", [k for k in operator_codes() if k not in NO_LAYER])
def test_each_unsupported_op_names_its_layer_and_what_to_use(kind):
    text = advice(kind)
    assert re.fullmatch(rf"{kind} comes from \S.*; use \S.*", text)
    assert "custom or Lambda" not in text


def test_all_unsupported_ops_are_named_at_once():
    def edit(tree):
        codes = [schema.BuiltinOperator.CUMSUM, schema.BuiltinOperator.SIGN]
        for code in codes:
            tree.operatorCodes.append(copy.copy(tree.operatorCodes[0]))
            tree.operatorCodes[-1].builtinCode = code
            tree.operatorCodes[-1].deprecatedBuiltinCode = 127
            tree.subgraphs[0].operators.append(copy.copy(tree.subgraphs[0].operators[0]))
            tree.subgraphs[0].operators[-1].opcodeIndex = len(tree.operatorCodes) - 1

    assert "op #1 CUMSUM is not supported (nor SIGN)" in refusal(edited(model_of("RELU"), edit))


def test_the_float_op_is_named_not_the_conversion_before_it(shared_inputs):
    for name, op, layer in (("layernorm", "#3 NEG", "LayerNormalization"),):
        text = refusal((shared_inputs / f"{name}.tflite").read_bytes())
        assert f"op {op} works on float32 in an int8 network" in text
        assert layer in text
        assert "full integer quantization" not in text


def test_a_16x8_model_is_not_told_to_quantize_fully(shared_inputs):
    text = refusal((shared_inputs / "i16x8.tflite").read_bytes())
    assert "int16 activations: op #0 CONV_2D" in text
    assert "full integer quantization" not in text


def test_a_float_dense_layer_without_weights_is_refused():
    b = GraphBuilder()
    x, y = b.input((1, 8), None, DType.FLOAT32), b.value((1, 8), None, DType.FLOAT32)
    for inputs in ([x], [x, -1]):
        b.ops.clear()
        b.op("FULLY_CONNECTED", inputs, [y], FullyConnected())
        assert "float model" in refusal(write(b.graph([y])))


def test_several_subgraphs():
    def edit(tree):
        tree.subgraphs.append(tree.subgraphs[0])

    assert "2 subgraphs" in refusal(edited(model_of("RELU"), edit))


def test_batch_other_than_one():
    def edit(tree):
        for tensor in tree.subgraphs[0].tensors:
            tensor.shape = np.array([4, *tensor.shape[1:]], np.int32)

    assert "has batch 4" in refusal(edited(model_of("RELU"), edit))


def test_dynamic_shape():
    def edit(tree):
        tensor = tree.subgraphs[0].tensors[0]
        tensor.shapeSignature = np.array([-1, -1], np.int32)

    assert "dynamic shape (-1, -1)" in refusal(edited(model_of("RELU"), edit))


def test_shapes_that_contradict_the_op():
    def edit(tree):
        output = tree.subgraphs[0].tensors[tree.subgraphs[0].outputs[0]]
        output.shape = output.shape + 1

    assert "follows from its inputs" in refusal(edited(model_of("CONV_2D"), edit))


@pytest.mark.parametrize(("field", "value"), [("strideH", 0), ("dilationWFactor", -1)])
def test_strides_and_dilations_below_one(field, value):
    def edit(tree):
        setattr(tree.subgraphs[0].operators[0].builtinOptions, field, value)

    assert f"is {value}" in refusal(edited(model_of("CONV_2D"), edit))


def test_weights_with_a_zero_point():
    def edit(tree):
        quantization = tree.subgraphs[0].tensors[1].quantization
        quantization.zeroPoint = quantization.zeroPoint + 5

    assert "symmetrically" in refusal(edited(model_of("CONV_2D"), edit))


# --- damage -----------------------------------------------------------------------------------------


def read_or_refuse(data: bytes) -> None:
    """Anything but a graph or a one-line ModelError is a bug; a graph let in must be writable again."""
    refused = ""
    try:
        graph = read_bytes(data, "damaged.tflite")
    except ModelError as error:
        refused = error.message
    else:
        write(graph)
    assert "\n" not in refused


@given(st.sampled_from(sorted(CASES)), st.integers(0, 20), st.floats(0, 1))
@settings(max_examples=300, deadline=None)
def test_truncated_file(kind, seed, part):
    data = model_of(kind, seed)
    read_or_refuse(data[: int(part * len(data))])


@pytest.mark.slow
@given(
    st.sampled_from(sorted(CASES)),
    st.integers(0, 20),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
)
@settings(max_examples=600, deadline=None)
def test_overwritten_bytes(kind, seed, edits):
    data = bytearray(model_of(kind, seed))
    for place, value in edits:
        data[int(place * len(data))] = value
    read_or_refuse(bytes(data))


@given(st.integers(0, 10), st.integers(0, 31), st.floats(0, 1, exclude_max=True))
@settings(max_examples=300, deadline=None)
def test_flipped_bit_in_a_length_or_offset(seed, bit, place):
    data = bytearray(model_of("CONV_2D", seed))
    word = int(place * (len(data) // 4)) * 4
    flipped = int.from_bytes(data[word : word + 4], "little") ^ 1 << bit
    data[word : word + 4] = flipped.to_bytes(4, "little")
    read_or_refuse(bytes(data))


@given(st.binary(max_size=300))
def test_garbage_behind_the_right_mark(noise):
    read_or_refuse(noise[:4].ljust(4, b"\0") + b"TFL3" + noise[4:])


def test_importing_the_reader_is_quick_and_needs_no_interpreter():
    """`micronas check` pays for it at every start."""
    loaded = "'tensorflow' in sys.modules, 'ai_edge_litert' in sys.modules"
    code = f"import sys, micronas.model.tflite; print({loaded})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]
