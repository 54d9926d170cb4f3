"""Files beside a network: each is used, refused in one message, or what came of it is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import micronas as mn
from micronas.cli.app import app
from micronas.deploy.companions import labels_beside
from micronas.deploy.library import library_files
from micronas.errors import ModelError
from micronas.model.front_end import FILE_NAME, FrontEnd, FrontEndFile, to_json
from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import Activation, FullyConnected
from micronas.model.tflite.writer import write
from tests.support.command_line import BOARD
from tests.support.graph_builder import GraphBuilder, float32

OUTPUTS = 4
UNKNOWN = FrontEndFile(FrontEnd("theirs", 3), "stream", (10,), (0.0, 1.0), "classify", tuple("abcd"), {})


def network(dtype: DType = DType.INT8) -> Graph:
    """One dense layer of 10 -> 4, whose outputs have the type ``dtype``."""
    b, scale = GraphBuilder(), Quant((float32(0.02),), (0,))
    x = b.input((1, 10), scale)
    weights = b.constant(np.ones((OUTPUTS, 10)), DType.INT8, scale)
    y = b.value((1, OUTPUTS), scale)
    b.op("FULLY_CONNECTED", [x, weights, -1], [y], FullyConnected(Activation.NONE))
    if dtype is DType.FLOAT32:
        real = b.value((1, OUTPUTS), None, dtype)
        b.op("DEQUANTIZE", [y], [real])
        y = real
    return b.graph([y], "mine")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / "model.tflite"
    path.parent.mkdir()
    path.write_bytes(write(network()))
    return path


def exported(model: Path, **options: Any) -> dict[str, Any]:
    folder = mn.export(model, model.parent.parent / "library", name="net", **options)
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


def said(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code in (0, 1), done.output
    return done.output


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a\nb\nc\n", "3 names for 4 outputs"),
        ("a\nb\nc\nd\ne", "5 names for 4 outputs"),
        ("", "0 names for 4 outputs"),
        ("a\r\nb\r\nc\r\nd\r\n\r\n", "5 names, 1 of them empty, for 4 outputs"),
    ],
)
def test_another_number_of_names_is_refused(model: Path, text: str, names: str) -> None:
    path = model.with_name("labels.txt")
    path.write_text(text, newline="")
    with pytest.raises(ModelError) as refused:
        exported(model)
    assert refused.value.message == f"{path} has {names} of the network"
    assert refused.value.remedy is not None
    assert "remove the file" in refused.value.remedy
    assert not (model.parent.parent / "library").exists()


def test_one_name_per_output_is_used_and_said(model: Path) -> None:
    model.with_name("labels.txt").write_bytes("\ufeffja\nnein\nüber\nd\n".encode())
    assert "names of the outputs: 4" in said("export", model, "--out", model.parent.parent / "said")
    assert exported(model)["labels"] == ["ja", "nein", "über", "d"]


def test_without_any_file_there_are_no_names_and_nothing_is_said_of_them(model: Path) -> None:
    assert "names of the outputs" not in said("export", model, "--out", model.parent.parent / "said")
    manifest = exported(model)
    assert (manifest["labels"], manifest["why_no_labels"]) == ([], "")


def test_names_that_are_passed_go_before_those_of_a_file(model: Path) -> None:
    model.with_name("labels.txt").write_text("one\n")
    assert exported(model, labels="wxyz")["labels"] == list("wxyz")


@pytest.mark.parametrize("name", ["labels.txt", FILE_NAME, "model_card.json", "model_card.md"])
@pytest.mark.parametrize("fault", ["a folder", "a dangling link", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_refused(model: Path, name: str, fault: str) -> None:
    path = model.with_name(name)
    if fault == "a folder":
        path.mkdir()
    elif fault == "a dangling link":
        path.symlink_to("nowhere")
    else:
        path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match=name) as refused:
        exported(model)
    assert refused.value.remedy


def test_the_front_end_names_the_outputs_where_no_labels_file_does(model: Path) -> None:
    path = model.with_name(FILE_NAME)
    path.write_text(json.dumps(to_json(UNKNOWN)))
    assert exported(model)["labels"] == list("abcd")
    path.write_text(json.dumps(to_json(replace(UNKNOWN, labels=("a", "b")))))
    with pytest.raises(ModelError, match=rf"{FILE_NAME} has 2 names for 4 outputs"):
        labels_beside(model, OUTPUTS, replace(UNKNOWN, labels=("a", "b")))


def test_classes_of_the_data_of_an_anomaly_detector_name_no_outputs(model: Path) -> None:
    front = replace(UNKNOWN, task="detect_anomalies", labels=("normal", "anomaly"))
    model.with_name(FILE_NAME).write_text(json.dumps(to_json(front)))
    assert labels_beside(model, OUTPUTS, front).why_none == ""
    model.with_name("labels.txt").write_text("normal\nanomaly\n")
    text = said("export", model, "--out", model.parent.parent / "said")
    assert "names of the outputs: none; labels.txt is not used" in text
    assert "not used" in exported(model)["why_no_labels"]


def test_names_of_outputs_that_are_not_int8_are_left_out_and_that_is_said() -> None:
    files = library_files(network(DType.FLOAT32), name="net", labels=tuple("abcd"))
    manifest = json.loads(files["manifest.json"])
    assert manifest["labels"] == []
    assert manifest["why_no_labels"] == "output 0 is float32, and only int8 outputs have names"
    assert manifest["why_no_labels"] in files["README.md"]


def test_export_says_why_a_front_end_has_no_c(model: Path) -> None:
    model.with_name(FILE_NAME).write_text(json.dumps(to_json(UNKNOWN)))
    assert "front end theirs: not in C; front end theirs version 3 has no C" in said(
        "export", model, "--out", model.parent.parent / "said"
    )


def test_check_says_that_a_front_end_is_not_counted(model: Path) -> None:
    assert "not counted" not in said("check", model, *BOARD)
    model.with_name(FILE_NAME).write_text(json.dumps(to_json(UNKNOWN)))
    reason = "the front end theirs of front_end.json is not counted, because it has no C"
    for words in (["check", model, *BOARD], ["check", model], ["check", model, *BOARD, "--json"]):
        assert reason in said(*words)
