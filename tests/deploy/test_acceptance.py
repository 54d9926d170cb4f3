"""`micronas test`: one verdict per step, an exit code, JUnit XML and JSON, whatever goes wrong."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import typer

from micronas.board import load_board
from micronas.cli.test import run_test
from micronas.deploy import deployment
from micronas.deploy.acceptance import Report, StepOutcome, accept, junit_xml, report_to_json
from micronas.deploy.acceptance import run as acceptance_run
from micronas.deploy.acceptance.report import STEPS
from micronas.deploy.deployment import random_samples
from micronas.device.targets import Qemu, make_device
from micronas.errors import (
    BudgetError,
    BuildError,
    ConfigError,
    DeviceError,
    FlashError,
    MicronasError,
    ModelError,
    ParityError,
    ToolMissingError,
)
from micronas.model.tflite.writer import write
from tests.support.json_page import require_documented
from tests.support.random_windows import conv_2d
from tests.support.renode_stand_in import install_stand_in

BOARD = load_board("netduinoplus2")
GRAPH = conv_2d(np.random.default_rng(3))
SAMPLES = random_samples(GRAPH, 2, seed=0)
PASSED, FAILED, ERROR, SKIPPED = (outcome.value for outcome in StepOutcome)


def examined(folder: Path, cache: Path | None = None, device: str = "qemu") -> Report:
    return accept(
        GRAPH,
        BOARD,
        SAMPLES,
        model="net.tflite",
        device_name=device,
        device=make_device(device),
        workdir=folder,
        cache_dir=cache,
    )


def outcomes(report: Report) -> dict[str, str]:
    return {step.name: step.outcome.value for step in report.steps}


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    """Call it with the error that deploying ends with."""

    def fail_with(error: MicronasError) -> None:
        def deploy(*arguments: object, **options: object) -> None:
            raise error

        monkeypatch.setattr(acceptance_run, "require_tools", lambda device, board: None)
        monkeypatch.setattr(acceptance_run, "deploy", deploy)

    return fail_with


@pytest.mark.emulator
def test_what_works_passes_every_step(tmp_path: Path, firmware_cache: Path) -> None:
    report = examined(tmp_path, firmware_cache)
    assert outcomes(report) == dict.fromkeys(STEPS, PASSED)
    assert (report.passed, report.exit_code) == (True, 0)
    elements = 2 * GRAPH.tensors[GRAPH.outputs[0]].elements
    as_json = json.loads(json.dumps(report_to_json(report)))
    require_documented("test MODEL", as_json)
    assert as_json["parity"] == {"elements": elements, "mismatches": 0}
    assert as_json["latency"]["source"] == "emulated"
    assert as_json["execution_target"]["machine"] == "netduinoplus2"
    assert len(as_json["build_id"]) == 32
    assert report.steps[-1].message == f"{elements:,} of {elements:,} equal"


@pytest.mark.emulator
def test_one_element_that_differs_fails_the_outputs(
    tmp_path: Path, firmware_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = deployment.run_in_order

    def one_off(graph, samples):
        (expected,) = right(graph, samples)
        changed = expected.copy()
        changed.reshape(-1)[-1] ^= 1
        return [changed]

    monkeypatch.setattr(deployment, "run_in_order", one_off)
    report = examined(tmp_path, firmware_cache)
    assert outcomes(report) == {**dict.fromkeys(STEPS, PASSED), "outputs": FAILED}
    assert report.exit_code == 1
    assert report_to_json(report)["parity"] == {
        "elements": 2 * GRAPH.tensors[GRAPH.outputs[0]].elements,
        "mismatches": 1,
    }
    assert "1 of" in report.steps[-1].message


@pytest.mark.parametrize(
    ("error", "step", "outcome", "exit_code"),
    [
        (BudgetError("12 bytes over", remedy="shrink it"), "fits", FAILED, 1),
        (ParityError("3 of 10 elements differ"), "outputs", FAILED, 1),
        (ToolMissingError("no compiler"), "tools", ERROR, 2),
        (BuildError("does not compile"), "builds", ERROR, 2),
        (DeviceError("it faulted"), "runs", ERROR, 2),
        (FlashError("the upload failed"), "runs", ERROR, 2),
        (ModelError("an op is missing"), "builds", ERROR, 2),
    ],
)
def test_each_error_belongs_to_a_step(
    failing, tmp_path: Path, error: MicronasError, step: str, outcome: str, exit_code: int
) -> None:
    failing(error)
    report = examined(tmp_path)
    names = list(STEPS)
    at = names.index(step)
    expected = [PASSED] * at + [outcome] + [SKIPPED] * (len(names) - at - 1)
    assert outcomes(report) == dict(zip(names, expected, strict=True))
    assert report.exit_code == exit_code
    assert not report.passed
    assert report_to_json(report)["parity"] is None
    suite = ET.fromstring(junit_xml(report).encode())[0]
    assert (suite.get("failures"), suite.get("errors")) == (
        str(int(exit_code == 1)),
        str(int(exit_code == 2)),
    )
    (wrong,) = (case for case in suite if case.find("failure") is not None or case.find("error") is not None)
    assert (wrong.get("name"), wrong[0].get("message")) == (step, error.message)
    assert suite.get("skipped") == str(expected.count(SKIPPED))


def test_what_xml_cannot_hold_does_not_break_the_file(failing, tmp_path: Path) -> None:
    failing(DeviceError("it said: \x00\x1b[31m<&>\ud800"))
    text = junit_xml(examined(tmp_path))
    assert 'message="it said: ??[31m&lt;&amp;&gt;?"' in text
    ET.fromstring(text.encode())


def test_a_renode_that_runs_something_else_is_an_error_of_the_run(
    tmp_path: Path, firmware_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in's board answers with a build id of its own."""
    install_stand_in(tmp_path, monkeypatch)
    report = examined(tmp_path / "work", firmware_cache, "renode")
    assert outcomes(report)["runs"] == ERROR
    assert "the device runs build" in report.steps[3].message


def test_the_verb_prints_writes_and_exits(
    failing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(BudgetError("sram is 12 bytes over", remedy="shrink it"))
    (model := tmp_path / "net.tflite").write_bytes(write(GRAPH))
    junit = tmp_path / "results" / "junit.xml"
    with pytest.raises(typer.Exit) as ended:
        run_test(model, board=BOARD.name, junit=junit)
    assert ended.value.exit_code == 1
    said = capsys.readouterr().out
    assert said.startswith("net.tflite on netduinoplus2 (qemu): does not work\n")
    assert "  failed   fits     sram is 12 bytes over\n" in said
    assert ET.parse(junit).getroot()[0].get("name") == "net.tflite on netduinoplus2 (qemu)"
    with pytest.raises(typer.Exit):
        run_test(model, board=BOARD.name, as_json=True)
    assert json.loads(capsys.readouterr().out)["passed"] is False


def test_all_samples_of_the_users_data_are_compared(failing, tmp_path: Path, monkeypatch) -> None:
    failing(DeviceError("not run"))
    (model := tmp_path / "net.tflite").write_bytes(write(GRAPH))
    data = tmp_path / "samples.npz"
    np.savez(data, random_samples(GRAPH, 11, seed=1)[0])
    seen: list[int] = []
    real = acceptance_run.accept

    def spy(graph, board, samples, **options):
        seen.append(len(samples[0]))
        return real(graph, board, samples, **options)

    monkeypatch.setattr("micronas.deploy.acceptance.accept", spy)
    for count in (None, 3):
        with pytest.raises(typer.Exit):
            run_test(model, board=BOARD.name, data=data, count=count)
    assert seen == [11, 3]


def test_bad_input_is_refused_as_everywhere(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no effect with --device qemu"):
        run_test(tmp_path / "none.tflite", board=BOARD.name, probe="066D")
    with pytest.raises(MicronasError, match=r"none\.tflite"):
        run_test(tmp_path / "none.tflite", board=BOARD.name)
    (model := tmp_path / "net.tflite").write_bytes(write(GRAPH))
    with pytest.raises(ConfigError, match="--junit"):
        run_test(model, board=BOARD.name, junit=tmp_path / "net.tflite" / "junit.xml")
    assert isinstance(make_device("qemu"), Qemu)
