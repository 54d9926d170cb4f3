"""TensorFlow Lite's own interpreter on this machine, from whichever package has it.

``tflite-runtime`` first; its wheels end with Python 3.11, need NumPy 1, and fail in a process that has loaded
TensorFlow. ``ai-edge-litert``, its successor, is the next, and TensorFlow's interpreter the last. A package
counts only if its interpreter takes the file: one that is installed may refuse newer operators.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.model.graph import Graph
from micronas.train.tf_logging import captured_stderr

Array: TypeAlias = npt.NDArray[np.generic]
Version: TypeAlias = Callable[[str], str]

PACKAGES = {
    "tflite-runtime": "tflite_runtime.interpreter",
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tensorflow": "tensorflow.lite.python.interpreter",
}
"""Package -> the module of its interpreter, in the order of preference."""


@dataclass(frozen=True, eq=False)
class DesktopRuntime:
    """``name`` and version of the package; its interpreter for one file, with optimised kernels.

    ``reference`` makes a second one with the package's reference kernels, which keeps every tensor.
    """

    name: str
    interpreter: Any
    reference: Callable[[], Any]


def open_runtime(tflite: bytes, version_of: Version = version) -> DesktopRuntime | str:
    """The first package whose interpreter takes ``tflite``, or why there is none."""
    reasons = []
    for package in PACKAGES:
        found = _opened(package, tflite, version_of)
        if isinstance(found, DesktopRuntime):
            return found
        reasons.append(found)
    return "; ".join(reasons)


def _opened(package: str, tflite: bytes, version_of: Version) -> DesktopRuntime | str:
    try:
        release = version_of(package)
        if package == "tflite-runtime" and int(version_of("numpy").split(".")[0]) >= 2:
            return f"{package} {release} needs NumPy 1"  # its import ends the process or prints a traceback
    except PackageNotFoundError:
        return f"{package} is not installed"
    if package == "tflite-runtime" and "tensorflow" in sys.modules:
        return f"{package} {release} does not work beside TensorFlow in one process"
    if package == "tensorflow" and package not in sys.modules:
        return f"{package} is not loaded in this process"  # seconds, for a check that should cost little
    try:
        return _constructed(f"{package} {release}", PACKAGES[package], tflite)
    except Exception as error:  # an interpreter raises whatever its C++ raises
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return f"{package} {release} refuses the file: {lines[0]}"


def _constructed(name: str, module: str, tflite: bytes) -> DesktopRuntime:
    with captured_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = import_module(module)

        def make(**options: Any) -> Any:
            with captured_stderr(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = package.Interpreter(model_content=tflite, num_threads=1, **options)
                made.allocate_tensors()
            return made

        reference = {
            "experimental_op_resolver_type": package.OpResolverType.BUILTIN_REF,
            "experimental_preserve_all_tensors": True,
        }
        return DesktopRuntime(name, make(), lambda: make(**reference))


def run(interpreter: Any, inputs: Sequence[Array]) -> list[Array]:
    """The outputs (N, ...) for ``inputs`` (N, ...), one sample after the other."""
    wanted = [detail["index"] for detail in interpreter.get_output_details()]
    return _run(interpreter, inputs, wanted)


def run_kept(interpreter: Any, inputs: Sequence[Array], graph: Graph) -> dict[int, Array]:
    """Every result of an op of ``graph`` (N, ...) by tensor index, from an interpreter that keeps them.

    Empty if the file numbers its tensors differently from ``graph``.
    """
    wanted = [t for op in graph.ops for t in op.outputs]
    shapes = {detail["index"]: tuple(detail["shape"]) for detail in interpreter.get_tensor_details()}
    if any(shapes.get(t) != graph.tensors[t].shape for t in wanted):
        return {}
    return dict(zip(wanted, _run(interpreter, inputs, wanted), strict=True))


def _run(interpreter: Any, inputs: Sequence[Array], wanted: Sequence[int]) -> list[Array]:
    given = interpreter.get_input_details()
    steps = []
    for sample in zip(*inputs, strict=True):
        for detail, values in zip(given, sample, strict=True):
            interpreter.set_tensor(detail["index"], np.ascontiguousarray(values.reshape(detail["shape"])))
        interpreter.invoke()
        steps.append([np.array(interpreter.get_tensor(index)) for index in wanted])
    return [np.stack(parts) for parts in zip(*steps, strict=True)]
