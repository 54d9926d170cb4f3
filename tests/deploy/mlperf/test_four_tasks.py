"""The accuracy script of every task, through QEMU, on boards of every core: each line is the interpreter's.

Samples are synthetic: this proves the way from an .npz to the printed figures, not how good a network is.
"""

from __future__ import annotations

import itertools
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

FILES = {"kws01": 4, "ic01": 2, "vww01": 2, "ad01": 2, "sww01": 2}
"""Even, and few: thousands of bytes a sample go through a text protocol."""
# Each core once, on a board that holds the network.
RUNS = (
    ("kws01", "kws_ref_model", "nucleo_g071rb"),
    ("kws01", "kws_ref_model", "nucleo_f103rb"),
    ("ic01", "pretrainedResnet_quant", "nucleo_l552ze_q"),
    ("vww01", "vww_96_int8", "nucleo_f767zi"),
    ("ad01", "ad01_int8", "nucleo_f446re"),
    ("sww01", "str_ww_ref_model", "nucleo_f446re"),
)


@dataclass(frozen=True)
class Case:
    """Samples and labels of a data set, and for each inference what the device must print."""

    x: npt.NDArray[np.generic]
    y: npt.NDArray[np.int64]
    results: list[str]
    per_file: list[int]


def dequantized(graph: Graph, outputs: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    quant = graph.tensors[graph.outputs[0]].quant
    assert quant is not None
    real = (outputs.astype(np.float32) - np.float32(quant.zero_point[0])) * np.float32(quant.scale[0])
    return real.reshape(len(outputs), -1)


def classes(task: str, graph: Graph) -> Case:
    """Random pixels or features; every other label is what the network says."""
    rng, files = np.random.default_rng(7), FILES[task]
    shape = graph.tensors[graph.inputs[0]].shape[1:]
    given = rng.integers(-128, 128, (files, *shape), dtype=np.int8)
    x = given if task in ("kws01", "sww01") else (given.astype(np.int16) + 128).astype(np.uint8)
    real = dequantized(graph, run_batch(graph, [given])[0])
    says = np.argmax(real, axis=1)
    y = np.where(np.arange(files) % 2, (says + 1) % real.shape[1], says)
    return Case(x, y, [",".join(f"{v:.3f}" for v in vector) for vector in real], [1] * files)


def anomalies(graph: Graph) -> Case:
    """Log-mel rows of seven rows a file, which are three windows of five."""
    rng, files = np.random.default_rng(7), FILES["ad01"]
    x = rng.normal(-20.0, 12.0, (files, 7, 128)).astype(np.float32)
    windows = np.stack([file[at : at + 5].ravel() for file in x for at in range(3)])
    quant = graph.tensors[graph.inputs[0]].quant
    assert quant is not None
    scaled = windows / np.float32(quant.scale[0])
    nearest = np.copysign(np.floor(np.abs(scaled.astype(np.float64)) + 0.5), scaled)
    given = np.clip(nearest + quant.zero_point[0], -128, 127).astype(np.int8)
    out = run_batch(graph, [given.reshape(len(given), *graph.tensors[graph.inputs[0]].shape[1:])])[0]
    results = [f"{error_of(a, b):.3f}" for a, b in zip(dequantized(graph, out), windows, strict=True)]
    return Case(x, np.arange(files) % 2, results, [3] * files)


def error_of(values: npt.NDArray[np.float32], real: npt.NDArray[np.float32]) -> np.float32:
    """Mean squared error with the device's roundings: single precision, element by element."""
    total = np.float32(0)
    for difference in values - real:
        total += difference * difference
    return total / np.float32(len(real))


def auc_by_pairs(scores: list[float], positive: list[bool]) -> float:
    pairs = itertools.product(
        (s for s, p in zip(scores, positive, strict=True) if p),
        (s for s, p in zip(scores, positive, strict=True) if not p),
    )
    return statistics.fmean((a > b) + 0.5 * (a == b) for a, b in pairs)


def expected_lines(task: str, case: Case) -> list[str]:
    """What the verb prints for the printed results."""
    vectors = [[float(v) for v in text.split(",")] for text in case.results]
    files = len(case.y)
    lines = [f"Accuracy over {files} files, {len(vectors)} inferences:"]
    if task == "ad01":
        scores = [statistics.fmean(v for (v,) in vectors[3 * i : 3 * i + 3]) for i in range(files)]
        auc, quality = auc_by_pairs(scores, [label == 1 for label in case.y]), 0.85
        figure = auc
    else:
        shares = [[v / sum(vector) for v in vector] for vector in vectors]
        hits = [vector.index(max(vector)) == label for vector, label in zip(shares, case.y, strict=True)]
        figure, quality = sum(hits) / files, {"kws01": 0.9, "vww01": 0.8, "ic01": 0.85, "sww01": None}[task]
        lines.append(f"Top 1% = {100 * figure:.1f}")
        each = sorted({int(label) for label in case.y})
        auc = statistics.fmean(
            auc_by_pairs([vector[c] for vector in shares], [label == c for label in case.y]) for c in each
        )
    lines.append(f"AUC = {auc:.3f}")
    if quality is None:
        lines.append("the closed division's target is for a continuous audio stream, which was not run")
    else:
        lines.append(f"{'reaches' if figure >= quality else 'misses'} the closed division's {quality:g}")
    lines.append("not an MLPerf result: not submitted to, reviewed or verified by MLCommons")
    return [f"mlperf-tiny [emulated]: {line}" for line in lines]


@pytest.mark.parametrize(("task", "model", "board"), RUNS, ids=lambda value: str(value))
def test_every_result_line_is_the_interpreters(
    shared_models: Path, tmp_path: Path, task: str, model: str, board: str
) -> None:
    graph = read(shared_models / f"{model}.tflite")
    case = anomalies(graph) if task == "ad01" else classes(task, graph)
    np.savez(tmp_path / "data.npz", x=case.x, y=case.y)
    command = ["mlperf", shared_models / f"{model}.tflite", "--board", board, "--task", task]
    command += ["--script", "accuracy", "--data", tmp_path / "data.npz", "--log", tmp_path / "log"]
    done = subprocess.run(
        [sys.executable, "-m", "micronas", *map(str, command)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    log = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert [line for line in log if "m-results" in line] == [f"< m-results-[{r}]" for r in case.results]
    infers = [i for i, line in enumerate(log) if line == "> infer 1 0%"]
    assert len(infers) == sum(case.per_file)
    for start in infers:
        answer = [re.sub(r"lap-us-\d+", "lap-us-N", line) for line in log[start + 1 : start + 9]]
        words = ["warmup-start-0", "warmup-done", "infer-start-1", "lap-us-N", "lap-us-N", "infer-done"]
        assert answer[:6] == [f"< m-{word}" for word in words]
        assert answer[7] == "< m-ready"
    printed = done.stdout.splitlines()
    assert printed[-len(expected_lines(task, case)) :] == expected_lines(task, case)
