"""``runs``, ``show``, ``pick`` and ``--finish-now``, on searches whose trainings take no time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from micronas.cli.app import app
from micronas.errors import SearchError
from micronas.report.front import front_of
from micronas.report.target import missed_target
from micronas.store import Record, Store
from tests.support.json_page import require_documented
from tests.support.search_fakes import toy_trial

SEARCH = (
    *("search", "mnist5k", "--board", "nucleo_f446re", "--device", "none", "--set", "data.name=digits"),
    *("--set", "workers=1", "--set", "reward.target_ms=2"),
)


def untrained(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "tests.support.untrained_search", *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=240,
    )


def said(*words: str) -> str:
    """What a verb that only reads prints, in this process: starting another one takes two CPU seconds."""
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run ``mnist5k-1`` of eight trials, and ``cut``, an interrupted one."""
    here = tmp_path_factory.mktemp("runs")
    done = untrained(*SEARCH, "--trials", "8", cwd=here)
    assert done.returncode == 0, done.stderr
    with Store.read(here / "runs" / "mnist5k-1") as whole:
        facts = {
            name: whole.fact(name) for name in ("config", "board", "seed", "class_names", "majority_baseline")
        }
        with Store.create(here / "runs" / "cut", facts) as cut:
            cut.begin_session()
            for record in whole.records()[:3]:
                cut.add(Record(record.trial, record.details, tflite=whole.model(record.trial.number)))
    return here


def test_the_result_says_that_the_target_was_missed_and_who_meets_it(folder: Path) -> None:
    result = json.loads((folder / "runs" / "mnist5k-1" / "result.json").read_text())
    with Store.read(folder / "runs" / "mnist5k-1") as store:
        fast = [r.trial for r in store.records() if r.trial.scores and r.trial.scores.latency.ms <= 2]  # type: ignore[union-attr]
    best = max(fast, key=lambda t: t.scores.quality_int8) if fast else None  # type: ignore[union-attr]
    assert result["best"]["target"] == {
        "target_ms": 2.0,
        "ms": result["best"]["latency"]["ms"],
        "best_within": best.number if best else None,
    }
    assert result["best"]["latency"]["ms"] > 2
    page = (folder / "runs" / "mnist5k-1" / "report.html").read_text()
    assert "Latency target missed: " in page


def test_the_final_table_names_the_network_that_meets_the_target(folder: Path) -> None:
    """A finished search, asked again, prints its result again."""
    done = untrained("search", "--resume", "mnist5k-1", cwd=folder)
    assert done.returncode == 0, done.stderr
    best = json.loads((folder / "runs" / "mnist5k-1" / "result.json").read_text())["best"]
    over = best["latency"]["ms"] - 2
    assert f"2 ms: MISSED by {over:.2f} ms" in done.stdout
    (within,) = [
        line for line in done.stdout.splitlines() if line.strip().startswith("best within the target")
    ]
    number = best["target"]["best_within"]
    expected = "none of the trials" if number is None else f"trial {number}: "
    assert expected in within
    page = (folder / "runs" / "mnist5k-1" / "report.html").read_text()
    assert ("no trial met it" if number is None else f"the best that meets it is trial {number}") in page


def test_runs_lists_every_run_with_its_state(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "runs" / "damaged").mkdir(exist_ok=True)
    (folder / "runs" / "damaged" / "run.sqlite").write_bytes(b"junk" * 400)
    monkeypatch.chdir(folder)
    found = {Path(r["run"]).name: r for r in json.loads(said("runs", "--json"))}
    assert {name: r["state"] for name, r in found.items()} == {
        "cut": "stopped",
        "damaged": "unreadable",
        "mnist5k-1": "finished",
    }
    assert found["mnist5k-1"]["trials"] == 8
    require_documented("runs", list(found.values()))
    assert found["cut"]["board"] == "nucleo_f446re"
    with Store.resume(folder / "runs" / "cut"):
        busy = json.loads(untrained("runs", "--json", cwd=folder).stdout)
    assert next(r["state"] for r in busy if r["run"].endswith("cut")) == "running"


def test_show_ranks_the_trials_and_marks_the_front(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    shown = json.loads(said("show", "mnist5k-1", "--json"))
    rewards = [trial["scores"]["reward"] for trial in shown["trials"]]
    assert rewards == sorted(rewards, reverse=True)
    require_documented("show RUN", without_arch(shown), absent=["board"])
    figures = {
        t["trial"]: (t["scores"]["latency"]["ms"], t["scores"]["quality_int8"]) for t in shown["trials"]
    }
    dominated = {
        a
        for a, (ms, quality) in figures.items()
        if any(m <= ms and q >= quality and (m, q) != (ms, quality) for m, q in figures.values())
    }
    assert not dominated & set(shown["front"])
    text = said("show", "mnist5k-1")
    assert max(map(len, text.split("\n\n")[0].splitlines())) <= 80
    first = json.loads(said("show", "mnist5k-1", "0", "--json"))
    require_documented("show RUN TRIAL", without_arch({"trials": [first]})["trials"][0], absent=["board"])
    one = said("show", "mnist5k-1", "0")
    assert "architecture" in one
    assert "pick runs/mnist5k-1 0" in one
    assert "rebuild runs/mnist5k-1 0" in one
    assert "stem: kernel" in one, "genes are text, not JSON"
    with pytest.raises(SearchError, match="this run has no trial 99") as missing:
        said("show", "mnist5k-1", "99")
    assert missing.value.exit_code == 2


def without_arch(shown: dict[str, Any]) -> dict[str, Any]:
    """The architecture is in the space's own form."""
    return {**shown, "trials": [trial | {"arch": None} for trial in shown["trials"]]}


def test_pick_builds_and_tests_another_trial_and_leaves_the_result(folder: Path) -> None:
    run = folder / "runs" / "mnist5k-1"
    before = (run / "result.json").read_bytes()
    done = untrained("pick", "mnist5k-1", "3", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    picked = json.loads(done.stdout)
    assert picked["trial"] == 3
    require_documented("pick RUN TRIAL", picked | {"deployment": {}})
    assert 0 <= picked["test_quality_int8"] <= 1
    assert Path(folder / picked["files"]["tflite"]).read_bytes()[4:8] == b"TFL3"
    assert (run / "picks" / "trial-3" / "c" / "mn_model.c").is_file()
    assert (run / "result.json").read_bytes() == before
    with Store.read(run) as store:
        assert store.unsealings()[-1] == "final figures of trial 3"
    refused = untrained("pick", "mnist5k-1", "99", cwd=folder)
    assert refused.returncode == 2
    assert "trials on the Pareto front: " in refused.stderr


def test_an_interrupted_run_is_finished_with_the_trials_that_it_has(folder: Path) -> None:
    done = untrained("search", "--resume", "cut", "--finish-now", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["trials"]["complete"] == 3
    assert result["best"]["trial"] in range(3)
    with Store.read(folder / "runs" / "cut") as store:
        assert len(store.records()) == 3
        assert store.final() is not None
    alone = untrained(*SEARCH, "--finish-now", cwd=folder)
    assert alone.returncode == 2
    assert "--resume RUN --finish-now" in alone.stderr


def test_a_finished_run_is_extended_to_the_trials_of_a_longer_one(folder: Path) -> None:
    shutil.copytree(folder / "runs" / "mnist5k-1", folder / "runs" / "longer")
    done = untrained("search", "--resume", "longer", "--trials", "11", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["changes"] == [
        {"what": "budget", "from": {"trials": 8}, "to": {"trials": 11}, "after_trials": 8}
    ]
    at_once = untrained(*SEARCH, "--trials", "11", "--run", "at-once", cwd=folder)
    assert at_once.returncode == 0, at_once.stderr
    histories = []
    for name in ("longer", "at-once"):
        with Store.read(folder / "runs" / name) as store:
            histories.append([(r.trial.number, r.trial.key) for r in store.records()])
    assert len(histories[0]) == 11
    assert histories[0] == histories[1]


def records(*genes: tuple[int, ...]) -> list[Record]:
    return [Record(toy_trial(number, word), {}) for number, word in enumerate(genes)]


def test_a_target_is_met_only_by_a_latency_of_the_same_source() -> None:
    known = records((4, 4, 4, 4, 4, 4), (1, 1, 0, 0, 0, 0), (2, 2, 2, 0, 0, 0))  # 25, 3 and 7 ms, emulated
    missed = missed_target(8.0, 25.0, "emulated", known)
    assert missed is not None
    assert missed.best_within is known[2]  # the better one of the two that are fast enough
    assert "17.00 ms over 8 ms" in str(missed)
    other = missed_target(8.0, 25.0, "measured", known)
    assert other is not None
    assert other.best_within is None
    assert missed_target(25.0, 25.0, "emulated", known) is None
    assert missed_target(None, 25.0, "emulated", known) is None


def test_the_front_has_no_dominated_trial() -> None:
    known = records((4, 4, 4, 4, 4, 4), (0, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0))
    assert [r.trial.number for r in front_of(known)] == [1, 2, 0]
    assert front_of([]) == []
