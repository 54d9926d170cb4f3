"""The snippets of the API's page, run as they stand in a script without a guard, and what they leave."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

import micronas as mn
from micronas.store import Store
from micronas.store.stored_setup import stored_config
from tests.support.paths import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

PAGE = REPOSITORY / "docs" / "guides" / "python_api.md"


KERAS_OUTPUTS = """
samples = np.random.default_rng(0).random((20, 8, 8, 1), np.float32)
np.savez("keras_outputs.npz", x=samples, y=np.asarray(best.model(samples)))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page was run."""
    folder = tmp_path_factory.mktemp("page")
    snippets = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    assert len(snippets) >= 5
    (folder / "page.py").write_text("\n".join([*snippets, KERAS_OUTPUTS]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=folder, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (folder / "stdout.txt").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.mark.timeout(960)
def test_every_snippet_runs(folder: Path) -> None:
    assert sorted(path.name for path in (folder / "runs").iterdir()) == ["plugins", "search-1", "search-2"]
    said = (folder / "stdout.txt").read_text(encoding="utf-8")
    assert said.index("training the first network") < said.index("0 COMPLETE") < said.index("final training")
    assert "no debug probe with serial number 066DFF" in said


def test_the_keras_model_computes_what_the_int8_file_does(folder: Path) -> None:
    best = mn.open_run(folder / "runs" / "search-1").best
    with np.load(folder / "keras_outputs.npz") as saved:
        x, real = saved["x"], saved["y"]
    said = int8_outputs(best.files["tflite"], x)
    assert real.shape == said.shape == (20, 10)
    assert np.abs(real - said).mean() < 0.05


def test_trials_are_a_table_with_one_row_each(folder: Path) -> None:
    trials = mn.open_run(folder / "runs" / "search-1").trials
    assert list(trials["number"]) == [0, 1]
    assert set(trials["latency_source"].dropna()) == {"modelled"}


def test_the_front_is_that_of_a_brute_force(folder: Path) -> None:
    run = mn.open_run(folder / "runs" / "search-1")
    done = run.trials[run.trials["outcome"] == "COMPLETE"]
    points = {(t.number, t.quality, t.latency_ms) for t in done.itertuples()}
    best = {
        n
        for n, quality, ms in points
        if not any(q >= quality and t <= ms and (q, t) != (quality, ms) for _, q, t in points)
    }
    assert set(run.front("accuracy", "latency_ms")["number"]) <= best
    assert {ms for n, _, ms in points if n in best} == set(run.front()["latency_ms"])


def test_the_front_is_drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    axes = mn.open_run(folder / "runs" / "search-1").plot_front()
    assert axes.get_xlabel() == "latency_ms (modelled)"
    assert axes.get_ylabel() == "accuracy"


def test_a_figure_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(mn.MicronasError, match="no front can be drawn of accuracy, speed"):
        mn.open_run(folder / "runs" / "search-1").front("accuracy", "speed")


def test_a_metric_of_the_script_is_what_the_run_reports(folder: Path) -> None:
    """Recomputed from the files alone: TFLite's interpreter on the validation split of the script's data."""
    from micronas.data import load

    run = mn.open_run(folder / "runs" / "search-2")
    with Store.read(run.folder) as store:
        validation = load(stored_config(store).data).validation
    outputs = int8_outputs(run.best.files["tflite"], validation.x).argmax(axis=1)
    right = outputs == validation.y
    expected = np.mean([right[validation.y == label].mean() for label in range(2)])
    assert run.figure == "balanced"
    assert run.best.quality == pytest.approx(expected)


def int8_outputs(path: Path, x: np.ndarray) -> np.ndarray:
    """The file's outputs as real numbers, by TFLite's own interpreter."""
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    (in_scale, in_zero), (scale, zero) = given["quantization"], made["quantization"]
    rows = []
    for sample in x:
        q = np.clip(np.rint(sample / np.float32(in_scale)) + in_zero, -128, 127).astype(np.int8)
        interpreter.set_tensor(given["index"], q[np.newaxis])
        interpreter.invoke()
        rows.append(interpreter.get_tensor(made["index"])[0])
    return (np.array(rows, np.float32) - zero) * scale
