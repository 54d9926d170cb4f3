"""``micronas networks``: every published network can be written, read and budgeted; others say why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.errors import SpaceError
from micronas.memory.ledger import make_ledger
from micronas.model.net import shape_graph
from micronas.model.tflite import read_bytes
from micronas.model.tflite.writer import write
from micronas.space.reference import NOT_BUILT, REFERENCE_NETS, reference_net
from micronas.space.reference.random_weights import random_weights
from tests.support.command_line import micronas, refused
from tests.support.paths import REPOSITORY


def test_the_list_names_every_network(tmp_path: Path) -> None:
    done = micronas("networks", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = {network["name"]: network for network in json.loads(done.stdout)}
    assert list(found) == list(REFERENCE_NETS)
    assert found["mlperf_tiny_ad"]["macs"] == 264_192
    assert found["micronet_kws_s"]["input_shape"] == [49, 10, 1]


@pytest.mark.parametrize("name", REFERENCE_NETS)
def test_every_network_can_be_written_read_and_budgeted(name: str) -> None:
    net = reference_net(name)
    data = write(random_weights(shape_graph(net), 0))
    assert data == write(random_weights(shape_graph(net), 0))
    graph = read_bytes(data, name)
    assert graph.tensors[graph.inputs[0]].shape[1:] == net.input_shape
    weights = [t.data for t in graph.tensors if t.is_constant and len(t.shape) >= 2]
    assert all(values is not None and values.any() for values in weights)
    ledger = make_ledger(graph, load_board("nucleo_h743zi2"))
    assert ledger.constant_bytes >= net.parameters


def test_the_docs_name_every_network_and_those_that_are_not_there() -> None:
    text = (REPOSITORY / "docs" / "background" / "spaces.md").read_text(encoding="utf-8")
    assert [name for name in (*REFERENCE_NETS, *NOT_BUILT) if f"`{name}`" not in text] == []


def test_micronet_vww_is_refused_with_the_reason(tmp_path: Path) -> None:
    parts = ("micronet_vww_1 cannot be built", "not in the paper", "mlperf_tiny_vww")
    refused(micronas("networks", "write", "micronet_vww_1", cwd=tmp_path), *parts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("micronet_vww_s", "mlperf_tiny_vww"),
        ("ds_cnn_x", "did you mean 'ds_cnn_"),
        ("q", "known ones: mlperf"),
    ],
)
def test_other_names_are_refused_with_what_there_is(name: str, complaint: str) -> None:
    with pytest.raises(SpaceError) as caught:
        reference_net(name)
    assert complaint in str(caught.value)


@pytest.mark.emulator
def test_a_written_network_runs_and_equals_the_reference(tmp_path: Path) -> None:
    done = micronas("networks", "write", "mlperf_tiny_ad", "--out", "ad.tflite", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "random weights (seed 0)" in done.stdout
    done = micronas("bench", "ad.tflite", "--board", "nucleo_f446re", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    parity = json.loads(done.stdout)["parity"]
    assert parity["mismatches"] == 0
    assert parity["elements"] >= 640


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    refused(
        micronas("networks", "write", "ds_cnn_s", "--out", "file/a.tflite", cwd=tmp_path), "cannot be written"
    )
