"""What the comparison with other engines gives them, and its committed result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.engine.peers import OURS, TABLE
from benchmarks.engine.peers_bakenn import Kernels, readable
from benchmarks.engine.run import NAMES
from micronas.model.tflite import read_bytes


@pytest.mark.parametrize("name", ["mlperf_tiny_kws", "mlperf_tiny_ad"])
def test_the_layers_are_the_networks_without_a_last_softmax(networks: Path, name: str) -> None:
    tflite = (networks / f"{name}.tflite").read_bytes()
    whole, given = read_bytes(tflite, "whole"), read_bytes(readable(tflite), "given")
    layers = [(op.kind, op.attrs) for op in whole.ops if op.kind != "SOFTMAX"]
    assert [(op.kind, op.attrs) for op in given.ops] == layers
    assert len(layers) == len(whole.ops) - (name == "mlperf_tiny_kws")


def test_every_engine_computed_the_same_outputs_of_every_network() -> None:
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    assert table.keys() == set(NAMES)
    for engines in table.values():
        assert engines.keys() == {OURS, *(kernels.value for kernels in Kernels)}
        assert all(figures["equal"] for figures in engines.values())
        assert all(0 < f["instructions"] < f["cycles"][0] < f["cycles"][1] for f in engines.values())
