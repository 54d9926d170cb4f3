"""The guide for PyTorch and ONNX, run as it stands with the converters that it names from the registry."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from tests.support.installed import clean_environment
from tests.support.paths import REPOSITORY

pytestmark = [pytest.mark.exhaustive, pytest.mark.timeout(3600)]

GUIDE = (REPOSITORY / "docs" / "guides" / "pytorch.md").read_text(encoding="utf-8")
BOARD = ("--board", "nucleo_f446re")


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=1800, env=clean_environment()
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def command_lines(start: str) -> list[list[str]]:
    """The words of every indented command line of the guide that begins with ``start``."""
    lines = re.findall(rf"^    ({re.escape(start)}.*)$", GUIDE, re.M)
    assert lines, start
    return [[word.strip('"') for word in line.partition(" #")[0].split()] for line in lines]


def installed_versions(python: Path) -> dict[str, str]:
    listed = json.loads(run([str(python), "-m", "pip", "list", "--format=json"], python.parent))
    return {package["name"].lower(): package["version"].partition("+")[0] for package in listed}


def relative_error(model: Path, exact: Path, samples: NDArray[np.float32]) -> float:
    """Root mean square difference from the float network's outputs, over their standard deviation."""
    wanted, found = outputs(exact, samples), outputs(model, samples)
    return float(np.sqrt(np.mean((found - wanted) ** 2)) / wanted.std())


def outputs(model: Path, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Real outputs of a float or int8 file, by TFLite's interpreter."""
    interpreter = Interpreter(model_path=str(model))
    interpreter.allocate_tensors()
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    rows = []
    for sample in samples[:, np.newaxis]:
        if given["dtype"] == np.int8:
            scale, zero = given["quantization"]
            sample = np.clip(np.rint(sample / np.float32(scale)) + zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(given["index"], sample)
        interpreter.invoke()
        rows.append(interpreter.get_tensor(made["index"])[0].astype(np.float32))
    scale, zero = made["quantization"] if made["dtype"] == np.int8 else (1.0, 0)
    return (np.array(rows) - zero) * np.float32(scale)


def is_exact_on_the_board(model: Path) -> bool:
    words = [sys.executable, "-m", "micronas", "bench", str(model), *BOARD, "--json"]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return bool(json.loads(done.stdout)["parity"]["mismatches"] == 0)


def test_a_network_of_pytorch_runs_on_a_board_by_each_way(tmp_path: Path) -> None:
    for folder in ("convert", "convert_onnx"):
        run([sys.executable, "-m", "venv", folder], tmp_path)
        for install in command_lines(f"{folder}/bin/pip install"):
            run(install, tmp_path)
    pytorch, onnx = (
        installed_versions(tmp_path / folder / "bin" / "python") for folder in ("convert", "convert_onnx")
    )
    assert f"PyTorch {pytorch['torch']} |" in GUIDE
    for named in ("litert-torch", "ai-edge-quantizer"):
        assert f"{named} {pytorch[named]}" in GUIDE
    assert f"torch.onnx.export with onnx {pytorch['onnx']} |" in GUIDE
    assert (
        f"onnx2tf {onnx['onnx2tf']} with onnx {onnx['onnx']} and TensorFlow {onnx['tensorflow']} |" in GUIDE
    )
    (script,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.S | re.M)
    (tmp_path / "convert.py").write_text(script, encoding="utf-8")
    run(["convert/bin/python", "convert.py"], tmp_path)
    assert is_exact_on_the_board(tmp_path / "int8.tflite")

    samples = np.random.default_rng(0).random((100, 28, 28, 1), np.float32)
    np.save(tmp_path / "samples.npy", samples)
    for words in command_lines("convert_onnx/bin/onnx2tf"):
        run(words, tmp_path)
    assert is_exact_on_the_board(tmp_path / "tf" / "net_full_integer_quant.tflite")

    words = [sys.executable, "-m", "micronas", "convert", str(tmp_path / "saved_model"), "--data", "mnist5k"]
    subprocess.run([*words, "--out", str(tmp_path / "saved.tflite")], cwd=REPOSITORY, check=True, timeout=600)
    assert is_exact_on_the_board(tmp_path / "saved.tflite")

    for model in ("int8.tflite", "tf/net_full_integer_quant.tflite"):  # the third was calibrated with digits
        assert relative_error(tmp_path / model, tmp_path / "float.tflite", samples) < 0.05, model
