"""Runs of another version: one plain message from every verb, and what is readable is shown."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import micronas as package
from micronas.board import load_board
from micronas.compare.plan import PLAN, open_plan
from micronas.compare.run import run_all
from micronas.config import SearchConfig, known_part
from micronas.errors import StoreError
from micronas.report import write_report
from micronas.search import stored_setup
from micronas.store import DATABASE, SCHEMA_VERSION, Final, Record, Store
from micronas.store.run_file import DIGESTS, READABLE_VERSIONS, SCHEMA
from micronas.store.stored_setup import stored_config, stored_prefer
from micronas.trial import Outcome, Trial, scores_to_json
from tests.support.command_line import micronas, refused
from tests.support.compare_fakes import ToyRuns, silent, toy_plan
from tests.support.paths import REPOSITORY
from tests.support.search_fakes import toy_scores


@pytest.fixture
def run(tmp_path: Path, networks: Path) -> Path:
    """A finished run of this version, as a search leaves it."""
    facts = {
        "config": SearchConfig(board="nucleo_f446re").model_dump(mode="json"),
        "board": load_board("nucleo_f446re").model_dump(mode="json"),
        "class_names": ["a", "b"],
        "majority_baseline": 0.5,
    }
    scores = toy_scores([3] * 6)
    result: dict[str, Any] = {
        "trial": 0,
        "final_fit": True,
        "test_quality_int8": 0.875,
        "test_samples": 750,
        "scores": scores_to_json(scores),
        "deployment": {},
        "files": {},
    }
    with Store.create(tmp_path / "run", facts) as store:
        store.begin_session()
        store.add(Record(Trial(0, [3] * 6, "k0", Outcome.COMPLETE, scores), {}))
        store.set_final(Final(result, (networks / "tiny.tflite").read_bytes()))
    return tmp_path / "run"


def change(run: Path, fact: str, edit: Callable[[Any], Any]) -> None:
    """Rewrite a stored fact as another version would have had it."""
    with sqlite3.connect(run / DATABASE) as connection:
        (text,) = connection.execute("SELECT value FROM facts WHERE name = ?", (fact,)).fetchone()
        value = json.dumps(edit(json.loads(text)))
        connection.execute("UPDATE facts SET value = ? WHERE name = ?", (value, fact))


def old_profile(board: dict[str, Any]) -> dict[str, Any]:
    """A profile as format 1 had it: one region for the arena."""
    return {**{k: v for k, v in board.items() if k != "arena_regions"}, "arena_region": "sram"}


def other_core(board: dict[str, Any]) -> dict[str, Any]:
    return {**board, "core": "cortex-m85"}


def newer_key(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "strategy": {**config["strategy"], "temperature": 0.5}}


def other_value(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "device": "simavr"}


def test_the_store_says_which_version_wrote_it(run: Path) -> None:
    with Store.read(run) as store:
        assert store.fact("code_version") == package.__version__
        assert store.written_by == f"micronas {package.__version__} (run format {SCHEMA_VERSION})"


def test_an_older_format_is_shown_and_not_gone_on_with(run: Path) -> None:
    change(run, "schema_version", lambda _: 1)
    change(run, "code_version", lambda _: "0.0.9")
    change(run, "board", old_profile)
    with pytest.raises(StoreError, match=r"micronas 0\.0\.9 \(run format 1\).*cannot resume it") as caught:
        Store.resume(run)
    assert f"micronas report {run}" in str(caught.value.remedy)
    with Store.read(run) as store:
        text = write_report(store).read_text(encoding="utf-8")
    assert "87.5 %" in text
    assert "micronas 0.0.9 (run format 1)" in text
    assert "cannot resume it: it is in run format 1" in text
    assert "model.c" in text, "the network's C needs the core of the profile, and that is there"


def old_names(figures: Any) -> Any:
    """Scores and results as formats 1 and 2 had them."""
    return json.loads(json.dumps(figures).replace("quality_", "accuracy_"))


@pytest.mark.parametrize("found", [1, 2])
def test_figures_of_an_older_format_are_read_under_their_new_names(run: Path, found: int) -> None:
    with Store.read(run) as store:
        (record,), final = store.records(), store.final()
    change(run, "schema_version", lambda _: found)
    with sqlite3.connect(run / DATABASE) as connection:
        for table, column in (("trials", "scores"), ("final", "result")):
            (text,) = connection.execute(f"SELECT {column} FROM {table}").fetchone()
            renamed = json.dumps(old_names(json.loads(text)))
            assert "accuracy_int8" in renamed
            connection.execute(f"UPDATE {table} SET {column} = ?", (renamed,))
    with Store.read(run) as store:
        assert store.records() == [record]
        assert store.final() == final
        assert "87.5 %" in write_report(store).read_text(encoding="utf-8")


def test_the_configuration_of_an_older_format_is_read_under_its_new_keys(run: Path) -> None:
    def older(config: dict[str, Any]) -> dict[str, Any]:
        constraints = config.pop("constraints")
        config["strategy"]["effort"] = config["strategy"].pop("supernet_length")
        config["latency"]["least_networks"] = config["latency"].pop("min_networks")
        assert config.pop("on_board_failure") == "continue"
        return {**config, "budgets": {**constraints, "flash_kb": 96.0}, "on_dead_board": "go_on"}

    change(run, "config", older)
    with Store.read(run) as store, pytest.raises(StoreError, match="does not read its configuration"):
        stored_config(store)
    change(run, "schema_version", lambda _: 2)
    with Store.read(run) as store:
        config = stored_config(store)
        assert "of 96.0 KB" in write_report(store).read_text(encoding="utf-8")
    wanted = SearchConfig.model_validate({"board": "nucleo_f446re", "constraints": {"flash_kb": 96.0}})
    assert config == wanted


def without_prefer(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "prefer"}


def test_a_run_keeps_the_memory_plan_that_its_version_made(run: Path) -> None:
    """Versions without the key had the smallest arena; the default of today is another plan."""
    with Store.read(run) as store:
        assert (stored_config(store).prefer, stored_prefer(store)) == (SearchConfig().prefer, "latency")
    change(run, "config", without_prefer)
    with Store.read(run) as store:
        assert stored_config(store).prefer == stored_prefer(store) == "sram"


def test_old_names_in_a_run_of_this_format_are_not_taken(run: Path) -> None:
    with sqlite3.connect(run / DATABASE) as connection:
        (text,) = connection.execute("SELECT scores FROM trials").fetchone()
        connection.execute("UPDATE trials SET scores = ?", (json.dumps(old_names(json.loads(text))),))
    with Store.read(run) as store, pytest.raises(StoreError, match="does not read its trial 0"):
        store.records()


def test_a_newer_format_is_refused_by_everything_and_names_the_version_that_reads_it(run: Path) -> None:
    change(run, "schema_version", lambda _: 99)
    change(run, "code_version", lambda _: "9.1.0")
    for open_run in (Store.read, Store.resume):
        with pytest.raises(StoreError, match=r"\(run format 99\).*cannot read it") as caught:
            open_run(run)
        assert caught.value.remedy == "read it with micronas 9.1.0, which wrote it, or start a new run"


@pytest.mark.parametrize("found", [version for version in READABLE_VERSIONS if version != SCHEMA_VERSION])
def test_each_older_format_is_read_and_its_resumption_names_the_version_for_it(run: Path, found: int) -> None:
    change(run, "schema_version", lambda _: found)
    change(run, "code_version", lambda _: f"0.0.{found}")
    with Store.read(run) as store:
        assert len(store.records()) == 1
    with pytest.raises(StoreError, match=rf"\(run format {found}\).*cannot resume it") as caught:
        Store.resume(run)
    assert f"resume it with micronas 0.0.{found}, which wrote it" in str(caught.value.remedy)


def test_a_run_without_a_format_is_refused(run: Path) -> None:
    with sqlite3.connect(run / DATABASE) as connection:
        connection.execute("DELETE FROM facts WHERE name IN ('schema_version', 'code_version')")
    for open_run in (Store.read, Store.resume):
        with pytest.raises(StoreError, match="written by micronas of unknown version") as caught:
            open_run(run)
        assert caught.value.remedy == "read it with the version that wrote it, or start a new run"


TABLES = {3: "6b5e4001adde2070"}
"""Format -> digest of its tables."""


def test_other_tables_are_another_format() -> None:
    """A change of the tables needs a new format, and what reads the old one."""
    words = " ".join((SCHEMA + DIGESTS).split())
    assert hashlib.sha256(words.encode()).hexdigest()[:16] == TABLES[SCHEMA_VERSION]


@pytest.mark.parametrize(
    ("fact", "edit", "what"),
    [
        ("board", old_profile, "board profile: arena_region"),
        ("board", other_core, "board profile: core"),
        ("board", lambda _: None, "board profile"),
        ("config", newer_key, "configuration: unknown key 'strategy.temperature'"),
        ("config", other_value, "configuration: device: must be"),
        ("config", lambda _: [1], "configuration"),
    ],
)
def test_a_setup_of_another_version_is_named(
    run: Path, fact: str, edit: Callable[[Any], Any], what: str
) -> None:
    change(run, fact, edit)
    with Store.resume(run) as store, pytest.raises(StoreError) as caught:
        stored_setup(store)
    assert (
        f"was written by micronas {package.__version__} (run format {SCHEMA_VERSION})" in caught.value.message
    )
    assert f"does not read its {what}" in caught.value.message
    assert f"micronas report {run}" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("fact", "edit"),
    [("board", old_profile), ("board", other_core), ("config", newer_key), ("config", other_value)],
)
def test_its_report_shows_the_rest_and_says_what_is_missing(
    run: Path, fact: str, edit: Callable[[Any], Any]
) -> None:
    change(run, fact, edit)
    with Store.read(run) as store:
        text = write_report(store).read_text(encoding="utf-8")
    assert "87.5 %" in text
    assert f"This page shows what micronas {package.__version__} can read of the run" in text


def test_a_config_without_whole_sections_still_has_a_report(run: Path) -> None:
    change(run, "config", lambda config: {"seed": config["seed"], "constraints": {"flash_kb": 96}})
    with Store.read(run) as store:
        assert "87.5 %" in write_report(store).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trials SET outcome = 'PRUNED'",
        "UPDATE trials SET scores = '{}'",
        "UPDATE trials SET scores = '[1, 2]'",
        "UPDATE trials SET details = 'x'",
    ],
)
def test_a_trial_of_another_version_is_named(run: Path, statement: str) -> None:
    with sqlite3.connect(run / DATABASE) as connection:
        connection.execute(statement)
    with Store.read(run) as store, pytest.raises(StoreError, match="does not read its trial 0"):
        store.records()


def test_every_verb_has_one_plain_message(run: Path) -> None:
    change(run, "board", old_profile)
    shown = refused(micronas("search", "--resume", run, cwd=run.parent), "board profile: arena_region")
    assert "micronas report" in shown
    done = micronas("report", run, cwd=run.parent)
    assert (done.returncode, done.stderr) == (0, "")
    (run / "best").mkdir()
    (run / "best" / "model.tflite").write_bytes(b"x")
    for verb in (("export", run, "--out", "c"), ("bench", run, "--board", "nucleo_f446re")):
        refused(micronas(*verb, cwd=run.parent), "is a folder", str(run / "best" / "model.tflite"))


@pytest.fixture
def comparison(tmp_path: Path) -> Path:
    folder = tmp_path / "c"
    run_all(open_plan(folder, toy_plan(seeds=1)), folder, ToyRuns(), silent)
    return folder


def test_a_comparison_of_old_runs_is_shown_and_not_gone_on_with(comparison: Path) -> None:
    for run in ("random-seed0", "aging_evolution-seed0", "no_search-seed0"):
        change(comparison / run, "schema_version", lambda _: 1)
        change(comparison / run, "board", old_profile)
        change(comparison / run, "config", newer_key)
    with sqlite3.connect(comparison / "random-seed0" / DATABASE) as connection:
        connection.execute("DELETE FROM final")
    where = comparison.parent
    refused(micronas("compare", "--resume", comparison, cwd=where), "random-seed0", "cannot resume it")
    done = micronas("compare", "--resume", comparison, "--only-results", cwd=where)
    assert done.returncode == 0, done.stderr
    assert "aging_evolution" in done.stdout


def test_a_plan_of_another_version_is_shown_and_not_gone_on_with(comparison: Path) -> None:
    path = comparison / PLAN
    plan = json.loads(path.read_text())
    assert plan["written_by"] == package.__version__
    path.write_text(json.dumps({**plan, "config": newer_key(plan["config"]), "written_by": "0.2.0"}))
    where = comparison.parent
    parts = ("written by micronas 0.2.0", "unknown key 'strategy.temperature'", "--only-results")
    refused(micronas("compare", "--resume", comparison, cwd=where), *parts)
    before = path.read_text()
    done = micronas("compare", "--resume", comparison, "--only-results", cwd=where)
    assert done.returncode == 0, done.stderr
    assert path.read_text() == before
    path.write_text(json.dumps({**plan, "config": other_value(plan["config"])}))
    refused(micronas("compare", "--resume", comparison, "--only-results", cwd=where), "device: must be")
    shutil.rmtree(comparison)


def test_a_comparison_keeps_the_memory_plan_that_its_version_made(comparison: Path) -> None:
    path = comparison / PLAN
    plan = json.loads(path.read_text())
    path.write_text(json.dumps({**plan, "config": without_prefer(plan["config"])}))
    assert [open_plan(comparison, None, only_look=look).config.prefer for look in (True, False)] == [
        "sram"
    ] * 2


def test_the_known_part_of_a_configuration_drops_keys_at_any_depth() -> None:
    known = SearchConfig(board="nucleo_f446re").model_dump(mode="json")
    more = {
        **known,
        "new": 1,
        "estimator": {**known["estimator"], "supernet": {"epochs": 3, "deep": {"x": 1}}},
    }
    assert known_part(more)["estimator"]["supernet"] == {"epochs": 3}  # type: ignore[index]
    assert "new" not in known_part(more)
    assert known_part(known) == known


def replay(*runs: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.latency_model.replay", *map(str, runs)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=REPOSITORY)


def test_a_replay_of_what_cannot_be_replayed_names_it_and_goes_on(run: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(run, old)
    change(old, "board", old_profile)
    done = replay(old, tmp_path / "nothing", run)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"{old}: run {old.name} was written by micronas" in done.stderr
    assert f"{tmp_path / 'nothing'}: " in done.stderr
    assert f"{run}: 0 networks of it were measured" in done.stderr
