"""Networks with uint8 or float inputs and outputs: read, run, compared and timed like int8 ones."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.deploy.acceptance import accept
from micronas.deploy.bench import load_samples
from micronas.deploy.deployment import random_samples
from micronas.deploy.library import library_files
from micronas.deploy.library.write import write_library
from micronas.deploy.to_json import deployment_to_json, int8_core_to_json
from micronas.device.targets import make_device
from micronas.errors import DataError
from micronas.model.graph import DType
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read_bytes
from micronas.model.tflite.writer import write
from tests.support.oracle import run_tflm
from tests.support.rim_networks import rim_network

TYPES = (DType.UINT8, DType.FLOAT32)


@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.value)
def test_a_network_with_such_a_rim_equals_tflite_micro(dtype: DType) -> None:
    graph = read_bytes(write(rim_network(dtype)), "rim.tflite")
    samples = random_samples(graph, 50, seed=1)
    assert samples[0].dtype == dtype.value
    (ours,), (theirs,) = run_batch(graph, samples), run_tflm(graph, samples)
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype == dtype.value


@pytest.mark.parametrize("name", ["uint8io", "floatio"])
def test_what_the_converter_makes_equals_tflite_micro(name: str, shared_inputs: Path) -> None:
    data = (shared_inputs / f"{name}.tflite").read_bytes()
    graph = read_bytes(data, name)
    samples = random_samples(graph, 200, seed=2)
    np.testing.assert_array_equal(run_batch(graph, samples)[0], run_tflm(graph, samples, data)[0])


@pytest.mark.emulator
@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.value)
def test_it_runs_on_a_board_and_its_body_is_timed(dtype: DType, tmp_path: Path, firmware_cache: Path) -> None:
    graph = rim_network(dtype)
    report = accept(
        graph,
        load_board("netduinoplus2"),
        random_samples(graph, 3, seed=0),
        model="rim.tflite",
        device_name="qemu",
        device=make_device("qemu"),
        workdir=tmp_path,
        cache_dir=firmware_cache,
    )
    assert report.passed, report.steps
    deployed = report.deployment
    assert deployed is not None
    assert deployed.measurement.parity.elements == 3 * 7  # elements, not bytes
    per_op = json.loads(json.dumps(deployment_to_json(deployed)["per_op"]))
    core = int8_core_to_json(deployed, per_op)
    assert isinstance(core, dict)
    assert core["instructions"] == per_op[1]["instructions"]


def test_an_exported_library_takes_and_gives_bytes_of_the_file_s_types(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not on PATH")
    for dtype in TYPES:
        folder = tmp_path / dtype.value
        write_library(library_files(rim_network(dtype), name=dtype.value), folder)
        sources = [*(folder / "src").glob("*.c"), *(folder / "test").glob("*.c")]
        build = ["gcc", "-std=c99", "-Wall", "-Werror", f"-I{folder / 'src'}", *map(str, sources)]
        subprocess.run([*build, "-o", folder / "run"], check=True, timeout=120)
        done = subprocess.run([folder / "run"], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "0 of 3 samples differ\n")
        assert f"{dtype.value}" in (folder / "README.md").read_text()


def test_samples_are_taken_in_the_input_s_type_and_no_other(tmp_path: Path) -> None:
    path, real = tmp_path / "x.npz", np.linspace(-2, 2, 20).reshape(2, 10)
    np.savez(path, x=real)
    (floats,) = load_samples(path, rim_network(DType.FLOAT32), 2)
    np.testing.assert_array_equal(floats, real.astype(np.float32))
    (pixels,) = load_samples(path, rim_network(DType.UINT8), 2)
    np.testing.assert_array_equal(pixels, np.rint(real.astype(np.float32) / np.float32(0.02)) + 131)
    np.savez(path, x=pixels)
    np.testing.assert_array_equal(load_samples(path, rim_network(DType.UINT8), 2)[0], pixels)
    with pytest.raises(DataError, match="is uint8, the model's input is float32"):
        load_samples(path, rim_network(DType.FLOAT32), 2)
    np.savez(path, x=np.zeros((2, 10), np.int8))
    with pytest.raises(DataError, match="is int8, the model's input is uint8"):
        load_samples(path, rim_network(DType.UINT8), 2)
