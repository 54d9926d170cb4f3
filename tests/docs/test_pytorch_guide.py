"""The guide for PyTorch and ONNX, run as it stands with the converters that it names from the registry."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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
    return [[word.strip('"') for word in line.split()] for line in lines]


def is_exact_on_the_board(model: Path) -> bool:
    words = [sys.executable, "-m", "micronas", "bench", str(model), *BOARD, "--json"]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return bool(json.loads(done.stdout)["parity"]["mismatches"] == 0)


def test_a_network_of_pytorch_runs_on_a_board_by_each_way(tmp_path: Path) -> None:
    for folder in ("convert", "convert_onnx"):
        run([sys.executable, "-m", "venv", folder], tmp_path)
        (install,) = command_lines(f"{folder}/bin/pip install")
        run(install, tmp_path)
    run(["convert/bin/pip", "install", "onnx", "onnxscript"], tmp_path)
    (script,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.S | re.M)
    (tmp_path / "convert.py").write_text(script, encoding="utf-8")
    run(["convert/bin/python", "convert.py"], tmp_path)
    assert is_exact_on_the_board(tmp_path / "int8.tflite")

    np.save(tmp_path / "samples.npy", np.random.default_rng(0).random((100, 28, 28, 1), np.float32))
    for words in command_lines("convert_onnx/bin/onnx2tf"):
        run(words, tmp_path)
    assert is_exact_on_the_board(tmp_path / "tf" / "net_full_integer_quant.tflite")

    words = [sys.executable, "-m", "micronas", "convert", str(tmp_path / "saved_model"), "--data", "mnist5k"]
    subprocess.run([*words, "--out", str(tmp_path / "saved.tflite")], cwd=REPOSITORY, check=True, timeout=600)
    assert is_exact_on_the_board(tmp_path / "saved.tflite")
