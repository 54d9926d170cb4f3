"""``micronas bench`` with and without the channels that no input can change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.deploy import bench
from micronas.errors import ModelError
from micronas.model.tflite import read
from tests.support.command_line import micronas

BOARD = "nucleo_f446re"


def run_bench(model: Path, *options: str) -> dict[str, Any]:
    done = micronas("bench", model, "--board", BOARD, "--json", *options, cwd=model.parent, timeout_s=300)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.slow
@pytest.mark.emulator
def test_what_is_left_is_equal_smaller_and_faster(shared_models: Path) -> None:
    model = shared_models / "vww_96_int8.tflite"
    less = run_bench(model, "--count", "1", "--remove-constant-channels")
    assert less["parity"] == {"elements": 2, "mismatches": 0}
    assert less["instructions"] < 9e6  # with them it takes about 11 million
    with_them = sum(tensor.nbytes for tensor in read(model).tensors if tensor.is_constant)
    assert less["flash"]["constants"]["linked"] < 0.3 * with_them


def test_a_removal_that_changes_an_output_is_refused(networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, other = (read(networks / f"{n}.tflite") for n in ("mlperf_tiny_kws", "mlperf_tiny_kws"))
    samples = [np.zeros((1, 49, 10, 1), np.int8)]
    monkeypatch.setattr(bench, "remove_constant_channels", lambda _: other)
    assert bench.simplified(graph, samples) is other
    results = iter([[np.zeros(3)], [np.ones(3)]])
    monkeypatch.setattr(bench, "run_in_order", lambda *_: next(results))
    with pytest.raises(ModelError, match="changes its outputs"):
        bench.simplified(graph, samples)
