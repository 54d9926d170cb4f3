"""``micronas compare``: one plain message for bad input, and kill -9 at any moment costs nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from micronas.cli.compare import _run
from micronas.compare import run as compare_runs
from micronas.compare.plan import open_plan
from micronas.compare.run import read_results, run_all
from tests.support.command_line import micronas, refused
from tests.support.compare_fakes import ToyRuns, silent, timeless, toy_plan
from tests.support.paths import REPOSITORY

CONFIG = REPOSITORY / "search_configs" / "mnist5k_class_b.yaml"


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((CONFIG, "--strategies", "randm"), ("unknown strategy 'randm'", "did you mean 'random'?")),
        ((CONFIG, "--strategies", "darts"), ("darts does not work on space layerwise",)),
        ((CONFIG, "--strategies", "random+magic"), ("unknown estimator 'magic'",)),
        (
            (CONFIG, "--strategies", "dnas+supernet"),
            (
                "estimator supernet does not work with strategy dnas on space layerwise",
                "estimators here: train",
            ),
        ),
        ((CONFIG, "--strategies", "random,,dnas"), ("'random,,dnas': item 2 of 3 is empty",)),
        ((CONFIG, "--strategies", ""), ("item 1 of 1 is empty",)),
        ((CONFIG, "--strategies", "nsga2,nsga2"), ("names nsga2 more than once",)),
        ((CONFIG, "--seeds", "0"), ("--seeds 0: must be 1 or more",)),
        ((CONFIG, "--budget", "10"), ("--budget '10' is not a number with a unit", "6cpu-min")),
        ((), ("no configuration was given", "micronas compare mnist5k_class_b")),
        (("--resume", "nowhere"), ("no comparison in nowhere",)),
        ((CONFIG, "--resume", "nowhere"), ("cannot be combined with other options",)),
        (("missing.yaml",), ("configuration not found",)),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, arguments: tuple[object, ...], parts: tuple[str, ...]
) -> None:
    refused(micronas("compare", *arguments, cwd=tmp_path), *parts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("device", "warned"), [("renode", True), ("qemu", False)])
def test_renodes_open_ports_are_named_before_the_first_run(
    device: str,
    warned: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    def no_runs(*_: object) -> dict[str, str]:
        seen.append(capsys.readouterr().err)
        return {}

    monkeypatch.setattr(compare_runs, "run_all", no_runs)
    plan = toy_plan()
    _run(replace(plan, config=plan.config.model_copy(update={"device": device})), tmp_path)
    assert ["open on all network interfaces" in said for said in seen] == [warned]


COMPARE = """
import sys, time; sys.path.insert(0, sys.argv[2])
from pathlib import Path
from tests.support.compare_fakes import ToyRuns, silent, toy_plan
from tests.support.search_fakes import toy_evaluate
from micronas.compare.plan import open_plan
from micronas.compare.run import run_all
def slow(task):
    time.sleep(0.02)
    return toy_evaluate(task)
folder = Path(sys.argv[1])
run_all(open_plan(folder, toy_plan()), folder, ToyRuns(evaluate=slow), silent)
"""


def test_kill_9_and_the_same_command_again(tmp_path: Path) -> None:
    script, folder = tmp_path / "compare.py", tmp_path / "cut"
    script.write_text(COMPARE)
    command = [sys.executable, str(script), str(folder), str(REPOSITORY)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 120
    while not (folder / "aging_evolution-seed0" / "run.sqlite").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    plan = open_plan(folder, None)
    cut = read_results(plan, folder)
    assert len([run for row in cut.rows for run in row.runs if run.history.reported]) < len(plan.runs())
    subprocess.run(command, check=True, timeout=240)
    whole_folder = tmp_path / "whole"
    run_all(open_plan(whole_folder, toy_plan()), whole_folder, ToyRuns(), silent)
    whole = read_results(toy_plan(), whole_folder)
    assert timeless(read_results(plan, folder)) == timeless(whole)
