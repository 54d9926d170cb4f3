"""A comparison is a folder of ordinary runs: cut anywhere it goes on to the same figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from micronas.compare.entry import Entry
from micronas.compare.files import write_files
from micronas.compare.plan import open_plan
from micronas.compare.results import Results, results_to_json
from micronas.compare.run import read_results, run_all
from micronas.compare.verdict import FIGURES, Ordering, against_random
from micronas.errors import StoreError
from micronas.store import Store, run_lock
from tests.support.compare_fakes import KilledError, ToyRuns, always_fails, silent, timeless, toy_plan
from tests.support.json_page import require_documented


def compared(folder: Path, runs: ToyRuns | None = None) -> Results:
    plan = open_plan(folder, toy_plan())
    failures = run_all(plan, folder, runs or ToyRuns(), silent)
    return read_results(plan, folder, failures)


def test_every_planned_run_is_made_once(tmp_path: Path) -> None:
    runs = ToyRuns()
    results = compared(tmp_path, runs)
    assert runs.began == [run.name for run in toy_plan().runs()]
    assert [row.entry.name for row in results.rows] == ["no_search", "random", "aging_evolution"]
    again = ToyRuns()
    assert timeless(compared(tmp_path, again)) == timeless(results)
    assert again.began == []


@pytest.mark.parametrize("lives", [0, 1, 7, 20, 35])
def test_cut_anywhere_it_goes_on_to_the_same_figures(tmp_path: Path, lives: int) -> None:
    whole = compared(tmp_path / "whole")
    with pytest.raises(KilledError):
        compared(tmp_path / "cut", ToyRuns(lives=lives))
    assert timeless(compared(tmp_path / "cut")) == timeless(whole)


def test_a_search_that_fails_is_an_outcome_and_the_others_go_on(tmp_path: Path) -> None:
    plan = open_plan(tmp_path, toy_plan(seeds=1))
    failing = ToyRuns(evaluate=always_fails)
    failures = run_all(plan, tmp_path, failing, silent)
    assert len(failing.began) == 3
    assert "5 trials in a row failed for the same reason" in failures["random-seed0"]
    results = read_results(plan, tmp_path, failures)
    (run,) = results.row("random").runs  # type: ignore[union-attr]
    assert (run.complete, run.wasted, run.trained, run.best_reward, run.hypervolume) == (0, 5, 5, None, 0.0)
    write_files(results, tmp_path)
    page = (tmp_path / "results.md").read_text()
    assert "random-seed0: 5 trials in a row failed for the same reason" in page


def test_two_comparisons_do_not_work_in_one_folder(tmp_path: Path) -> None:
    plan = open_plan(tmp_path, toy_plan())
    lock = run_lock.acquire(tmp_path)
    with pytest.raises(StoreError, match=r"in use by another process.*\n.*compare: --out DIR"):
        run_all(plan, tmp_path, ToyRuns(), silent)
    lock.release()


def test_nothing_to_show_yet_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run of the comparison"):
        read_results(toy_plan(), tmp_path)


def test_figures_are_those_of_the_stored_trials(tmp_path: Path) -> None:
    results = compared(tmp_path)
    row = results.row("random")
    assert row is not None
    for run in row.runs:
        with Store.read(tmp_path / run.history.run.name) as store:
            records = store.records()
        complete = [r for r in records if r.trial.scores]
        assert run.trials == len(records) == 12
        assert run.best_reward == max(r.trial.scores.reward for r in complete if r.trial.scores)
        assert run.complete == len({r.trial.key for r in complete})
        assert run.wasted == len({r.trial.number for r in records if r.trial.outcome.value == "FAILED"})
        assert run.refused == sum(r.rejected for r in records)
        best = max(s.quality_int8 for r in complete if (s := r.trial.scores))
        assert run.history.reported is not None
        assert run.history.reported.validation == best


def test_hypervolume_is_that_of_error_flash_sram_and_latency_by_hand(tmp_path: Path) -> None:
    plan = open_plan(tmp_path, toy_plan(seeds=1))
    run_all(plan, tmp_path, ToyRuns(), silent)
    results = read_results(plan, tmp_path)
    assert (results.reference.error, results.reference.flash_bytes, results.reference.sram_bytes) == (
        0.75,
        4096,
        1024,
    )
    slowest = results.reference.latency_ms
    assert slowest is not None
    assert slowest >= 7.0
    (run,) = results.row("no_search").runs  # type: ignore[union-attr]
    # one network, six digits of 1: accuracy 0.5 + 0.5 * 6 / 24, 601 and 11 bytes, 7 ms
    expected = (1 - 0.375 / 0.75) * (1 - 601 / 4096) * (1 - 11 / 1024) * (1 - 7 / slowest)
    assert run.hypervolume == pytest.approx(expected)


def test_verdicts_pair_seeds_and_call_only_disjoint_ranges_different(tmp_path: Path) -> None:
    results = compared(tmp_path)
    reward = FIGURES["best reward in the search"]
    evolution, random, no_search = (results.row(n) for n in ("aging_evolution", "random", "no_search"))
    assert evolution is not None
    assert random is not None
    assert no_search is not None
    assert against_random(random, results, reward) is None
    own = [run.best_reward for run in evolution.runs]
    theirs = [run.best_reward for run in random.runs]
    verdict = against_random(evolution, results, reward)
    assert verdict is not None
    assert (verdict.better, verdict.pairs) == (sum(a > b for a, b in zip(own, theirs, strict=True)), 2)  # type: ignore[operator]
    below = against_random(no_search, results, reward)
    assert below is not None
    assert below.word is Ordering.BELOW
    assert below.better == 0


def test_the_files_stand_alone_and_name_command_and_contenders(tmp_path: Path) -> None:
    results = compared(tmp_path)
    paths = write_files(results, tmp_path)
    assert [p.name for p in paths] == ["results.md", "results.json", "results.html"]
    text = (tmp_path / "results.md").read_text()
    assert "micronas compare CONFIG --strategies no_search,random,aging_evolution --seeds 2" in text
    assert "emulated latency" in text
    html = (tmp_path / "results.html").read_text()
    assert html.count("<svg") == 2
    assert "http:" not in html
    assert "https:" not in html
    assert "aging_evolution" in html
    stored = json.loads((tmp_path / "results.json").read_text())
    assert stored == json.loads(json.dumps(results_to_json(results)))
    bare = stored | {"plan": {**stored["plan"], "config": {}, "task": {}}}
    require_documented("compare", bare, absent=["value", "board", "limits", "trial"])
    assert not list(tmp_path.glob("*.new"))


def test_latency_of_two_sources_is_no_objective(tmp_path: Path) -> None:
    from dataclasses import replace

    from micronas.compare.front_volume import make_reference
    from micronas.trial import Source

    results = compared(tmp_path)
    history = results.rows[1].runs[0].history
    step = next(s for s in history.steps if s.scores)
    assert step.scores is not None
    assert step.scores.latency is not None
    predicted = replace(step.scores, latency=replace(step.scores.latency, source=Source.PREDICTED))
    mixed = replace(history, steps=(*history.steps, replace(step, scores=predicted)))
    assert make_reference([history], None).latency_ms is not None
    assert make_reference([mixed], None).latency_ms is None
    assert make_reference([mixed], 5.0).latency_ms is None


def test_runs_that_have_not_ended_are_in_no_figure(tmp_path: Path) -> None:
    plan = open_plan(tmp_path, toy_plan())
    with pytest.raises(KilledError):
        run_all(plan, tmp_path, ToyRuns(lives=5), silent)
    results = read_results(plan, tmp_path)
    assert [row.entry for row in results.rows] == [Entry("no_search")]
    assert results.unfinished == ("random-seed0",)
    write_files(results, tmp_path)
    text = (tmp_path / "results.md").read_text()
    assert "random-seed0: not finished" in text
    assert "not started: 4 of 6 runs" in text


def test_one_seed_separates_nothing(tmp_path: Path) -> None:
    plan = open_plan(tmp_path, toy_plan(seeds=1))
    run_all(plan, tmp_path, ToyRuns(), silent)
    results = read_results(plan, tmp_path)
    no_search = results.row("no_search")
    assert no_search is not None
    verdict = against_random(no_search, results, FIGURES["best reward in the search"])
    assert verdict is not None
    assert (verdict.word, verdict.better, verdict.pairs) == (Ordering.NOT_SEPARATED, 0, 1)
