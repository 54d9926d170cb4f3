"""bakeNN 1.0.0 (Apache-2.0): its C for a network, with its own choice of kernels or with CMSIS-NN's.

bakeNN bundles CMSIS-NN 4.0.0. By its own choice it calls CMSIS-NN only for convolutions whose padding is the
same at both sides. CMSIS-NN's functions do not ask for that: TensorFlow Lite Micro calls them for every SAME
padding, and so does ``CMSIS_NN`` here. The outputs are compared with TensorFlow Lite Micro's in both cases.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

VERSION = "1.0.0"
DEFINITIONS = ("-DBAKENN_CMSIS_NN_BUILTIN_MEMORY",)


class Kernels(Enum):
    """Whose choice of kernels."""

    STOCK = "bakeNN"
    CMSIS_NN = "CMSIS-NN"


def bakenn() -> ModuleType:
    """The package; ends the program with what to do if it, or its reader of .tflite files, is not here."""
    try:
        package = importlib.import_module("bakenn")
        import tflite  # noqa: F401 - what its extra of this name installs
    except ImportError as error:
        raise SystemExit(f"{error}: pip install 'bakenn[tflite]=={VERSION}'") from error
    if package.__version__ != VERSION:
        raise SystemExit(f"bakenn is {package.__version__}: pip install 'bakenn[tflite]=={VERSION}'")
    return package


def readable(tflite: bytes) -> bytes:
    """The network as bakeNN reads it: of fixed shape, with the options of RESHAPE, without a last SOFTMAX."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite, 0))
    model.signatureDefs = None
    (graph,) = model.subgraphs
    for tensor in graph.tensors:
        tensor.shapeSignature = None
    if _kind(model, graph.operators[-1]) == schema.BuiltinOperator.SOFTMAX:
        graph.outputs = [graph.operators.pop().inputs[0]]
    for operator in graph.operators:
        if _kind(model, operator) == schema.BuiltinOperator.RESHAPE:
            options = schema.ReshapeOptionsT()
            options.newShape = [int(size) for size in graph.tensors[operator.outputs[0]].shape]
            operator.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
            operator.builtinOptions = options
    builder = flatbuffers.Builder(len(tflite))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def generate(tflite: bytes, kernels: Kernels, folder: Path) -> tuple[list[Path], list[Path]]:
    """C sources and include folders of the network, written to ``folder``, for a Cortex-M4."""
    package = bakenn()
    from bakenn.backend.portable_c.selection import CBackendOptions, KernelPolicy

    options = CBackendOptions(kernel_policy=KernelPolicy.STATIC_PRIORITY, enable_cmsis_nn=True)
    with _any_padding() if kernels is Kernels.CMSIS_NN else _as_it_is():
        package.compile_tflite(tflite, folder, name="network", target="cortex-m4", backend_options=options)
    third = folder / "third_party"
    includes = [folder, third / "cmsis_nn" / "Include", third / "cmsis_core" / "Include"]
    return sorted(folder.rglob("*.c")), includes


@contextmanager
def _any_padding() -> Iterator[None]:
    with patch("bakenn.backend.portable_c.families.conv._symmetric_padding", lambda padding: True):
        yield


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


def _kind(model: schema.ModelT, operator: schema.OperatorT) -> int:
    code = model.operatorCodes[operator.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))
