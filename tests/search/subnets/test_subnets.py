"""``estimator.name: supernet`` in a run: what it hands out and refuses, and that it goes on after a kill."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from micronas.config import RewardConfig, SearchConfig
from micronas.errors import ConfigError, StoreError
from micronas.estimate import check_estimator, estimators_of
from micronas.estimate.agreement import agreement
from micronas.search.rank_agreement import stage_text
from micronas.search.subnets.latency import PredictedMs, ProfiledNetwork
from micronas.search.subnets.search import FOUND, FoundSubnets, Subnet
from micronas.search.subnets.strategy import (
    SelectionTarget,
    SharedWeights,
    by_reward,
    picks,
    sample_of_ranks,
    supernet_agreement,
)
from micronas.search.termination import make_termination
from micronas.space import SPACES
from micronas.store import Record, Store
from micronas.strategy import STRATEGIES, searcher
from micronas.strategy.observation import Observation
from micronas.supernet import SUPERNET_SPACES
from micronas.train.time_limit import TimeLimit
from micronas.trial import Outcome, Trial
from tests.support.search_fakes import ToyArch, toy_scores, toy_trial
from tests.support.toy_subnets import AIM, FOUND_SUBNETS, PROFILE_OF_AN_HOUR, SHAPES, SPACE, SUBNETS


def first_digit(subnet: Subnet) -> int:
    """What the subnets below take time by."""
    arch: Any = subnet.arch
    return int(arch[0])


def test_the_sample_spans_all_ranks_and_takes_every_other_place() -> None:
    ranked = by_reward(SUBNETS)
    sample = sample_of_ranks(ranked, 5)
    assert [s.reward for s in sample] == [0.95, 0.7, 0.45, 0.25, 0.0]
    order = list(picks(SUBNETS, 5, AIM, lambda subnet: None))
    assert order[0:10:2] == ranked[:5]
    assert order[1:10:2] == sample
    assert order[10:] == ranked[5:]
    assert sample_of_ranks([], 5) == sample_of_ranks(ranked, 0) == []


def test_each_subnet_is_handed_out_once_and_then_the_space_is_sampled() -> None:
    seen: set[str] = set()
    asked: list[Sequence[ProfiledNetwork]] = []

    def find(ran: Sequence[ProfiledNetwork]) -> FoundSubnets:
        asked.append(ran)
        return FOUND_SUBNETS

    def accept(arch: ToyArch) -> bool:
        return SPACE.key(arch) not in seen

    strategy = SharedWeights(SHAPES, 0, accept, find, lambda number: [], sample=4, aim=AIM)
    for number in range(25):
        arch = strategy.ask(number)
        assert accept(arch)
        seen.add(SPACE.key(arch))
    assert {s.key for s in SUBNETS} <= seen
    assert asked == [[]]  # once, and nothing had run before


class Fixed:
    """A strategy that proposes one network."""

    arch = ToyArch((4, 4, 4, 4, 4, 4))

    def __init__(self) -> None:
        self.observed: list[int] = []

    def ask(self, number: int) -> ToyArch:
        """Always the same."""
        return self.arch

    def tell(self, trial: Observation) -> None:
        """Keep its number."""
        self.observed.append(trial.number)


@pytest.mark.parametrize(("direction", "declines"), [(1.0, False), (-1.0, True)])
def test_shared_weights_that_do_not_rank_give_way_to_the_strategy(direction: float, declines: bool) -> None:
    shared = {s.key: s.quality_shared for s in SUBNETS}

    def search(asks: int, replayed: int) -> tuple[list[ToyArch], Fixed, list[str]]:
        """The first ``replayed`` trials come from the store: they are observed, and not asked for."""
        other, said, asked = Fixed(), [], []
        strategy = SharedWeights(
            SHAPES,
            0,
            lambda arch: arch not in asked,
            lambda ran: FOUND_SUBNETS,
            lambda number: [],
            sample=5,
            aim=AIM,
            otherwise=other,
            say=said.append,
        )
        for number in range(asks):
            asked.append(stored[number] if number < replayed else strategy.ask(number))
            key, quality = SPACE.key(asked[-1]), 0.5 + 0.4 * direction * shared.get(SPACE.key(asked[-1]), 0.0)
            scores = replace(toy_scores(list(asked[-1].genes)), quality_int8=quality)
            strategy.tell(
                Trial(number, SPACE.to_json(asked[-1]), key, Outcome.COMPLETE, scores, origin="strategy")
            )
        return asked, other, said

    stored: list[ToyArch] = []
    stored, other, said = search(14, 0)
    by_weights = 7 if declines else 14  # the best is the first of the sample, the fourth is trial 6
    assert [SPACE.key(arch) in shared for arch in stored[:7]] == [True] * 7
    assert [arch == Fixed.arch for arch in stored] == [False] * by_weights + [True] * (14 - by_weights)
    assert other.observed == list(range(14)), "it learns from every trial"
    assert bool(said) == declines
    warning = agreement("supernet", [1, 2, 3, 4], [4, 3, 2, 1]).warning
    continues = "the strategy proposes the remaining trials without shared weights"
    assert said == ([f"{warning}; {continues}"] if declines else [])
    assert [search(14, killed)[0] for killed in (3, 10, 12)] == [stored] * 3, "as without an interruption"


def test_the_search_is_told_what_ran_before_the_first_ask() -> None:
    asked: list[tuple[int, int]] = []

    def strategy(workers: int) -> SharedWeights:
        def find(ran: Sequence[ProfiledNetwork]) -> FoundSubnets:
            asked.append((workers, len(ran)))
            return FOUND_SUBNETS

        return SharedWeights(
            SHAPES, 0, lambda arch: True, find, ran_before, sample=4, aim=AIM, workers=workers
        )

    def ran_before(number: int) -> list[ProfiledNetwork]:
        return [an_hour] * number  # every trial ran

    an_hour = ProfiledNetwork(SPACE.to_json(ToyArch((1, 0, 0, 0, 0, 0))), PROFILE_OF_AN_HOUR)
    strategy(workers=1).ask(3)
    strategy(workers=3).ask(4)  # trials 2 and 3 had not ended when this was asked first
    assert asked == [(1, 3), (3, 2)]


def test_what_is_expected_of_the_device_reorders_the_subnets() -> None:
    def predict(subnet: Subnet) -> PredictedMs:
        return PredictedMs(1.0 + first_digit(subnet), 0.0)

    aim = SelectionTarget(RewardConfig(target_ms=2.0, exponent=1.0, mode="hard"), limit_ms=3.0)
    order = list(picks(SUBNETS, 0, aim, predict))
    within = [s for s in order if first_digit(s) <= 2]
    assert order[: len(within)] == within == order[:12]  # first digits 0, 1 and 2 keep the limit
    rewards = [s.quality_shared * min(1.0, 2 / (1 + first_digit(s))) for s in order]
    assert rewards[:12] == sorted(rewards[:12], reverse=True)
    assert order[12:] == sorted(order[12:], key=lambda s: -s.quality_shared * 2 / (1 + first_digit(s)))
    sample = sample_of_ranks(by_reward(SUBNETS), 5)
    quick = [s for s in sample if first_digit(s) <= 1]
    assert first_digit(sample[0]) == 2  # so that it is left out below
    strict = SelectionTarget(RewardConfig(), limit_ms=2.5)
    assert list(picks(SUBNETS, 5, strict, predict))[1 : 2 * len(quick) : 2] == quick


def test_a_subnet_whose_error_bar_reaches_over_the_limit_comes_last() -> None:
    aim = SelectionTarget(RewardConfig(), limit_ms=3.0)
    best = by_reward(SUBNETS)[0]
    assert first_digit(best) == 2
    assert next(picks(SUBNETS, 0, aim, lambda s: PredictedMs(1.0 + first_digit(s), 0.0))) == best
    wide = list(picks(SUBNETS, 0, aim, lambda s: PredictedMs(1.0 + first_digit(s), 0.01)))
    assert wide.index(best) == 8  # behind those of the first digits 0 and 1


def test_agreement_compares_the_sample_with_what_was_trained_alone() -> None:
    sample = sample_of_ranks(by_reward(SUBNETS), 5)
    records = [Record(toy_trial(i, tuple(s.arch)), {}) for i, s in enumerate(sample)]  # type: ignore[arg-type]
    found = supernet_agreement(FOUND_SUBNETS, records, 5)
    accuracies = [r.trial.scores.quality_int8 for r in records]  # type: ignore[union-attr]
    assert found.networks == 5
    assert found.tau == pytest.approx(agreement("", [s.reward for s in sample], accuracies).tau)


def test_low_agreement_and_too_few_networks_are_warnings() -> None:
    assert agreement("supernet", [1, 2, 3, 4], [0.1, 0.2, 0.3, 0.5]).warning == ""
    low = agreement("supernet", [1, 2, 3, 4], [4, 3, 2, 1]).warning
    assert "tau of the supernet is -1.00 over 4 networks" in low
    beaten = agreement("proxy synflow", [1, 2, 3, 5, 4], [1, 2, 3, 4, 5], parameters=[1, 2, 3, 4, 5]).warning
    assert "is 0.80 over 5 networks; the number of parameters alone gives 1.00" in beaten
    assert agreement("synflow", [1, 2, 3, 4, 5], [1, 2, 3, 4, 5], parameters=[1, 2, 3, 5, 4]).warning == ""
    assert "3 networks: too few" in agreement("supernet", [1, 2, 3], [1, 2, 3]).warning


def test_what_was_found_survives_on_disk_and_says_what_its_accuracy_is(tmp_path: Path) -> None:
    path = tmp_path / FOUND
    assert FoundSubnets.load(path) is None
    FOUND_SUBNETS.save(path)
    assert FoundSubnets.load(path) == FOUND_SUBNETS
    assert "float quality with shared weights" in json.loads(path.read_text())["estimate"]
    path.write_text("{")
    with pytest.raises(StoreError, match="not a list of subnets"):
        FoundSubnets.load(path)


@pytest.mark.parametrize(
    ("old", "new"), [("scouts", "profiling_samples"), ("accuracy", "quality_shared")], ids=["run", "subnet"]
)
def test_an_old_key_is_refused_by_the_name_of_the_new_one(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / FOUND
    FOUND_SUBNETS.save(path)
    path.write_text(path.read_text(encoding="utf-8").replace(f'"{new}"', f'"{old}"'), encoding="utf-8")
    with pytest.raises(StoreError, match=f"the key {old} is now {new}"):
        FoundSubnets.load(path)


def test_progress_says_what_ran_untrained() -> None:
    text = "3 epochs in 1 CPU s; 20 networks scored in 0.01 CPU s each with shared weights (float)"
    assert stage_text(FOUND_SUBNETS) == f"supernet: 1 untrained network run to predict latencies; {text}"
    assert stage_text(replace(FOUND_SUBNETS, profiling_samples=())) == f"supernet: {text}"


def test_what_does_not_go_together_is_refused_by_name() -> None:
    check_estimator("supernet", searcher("aging_evolution"), "layerwise")
    with pytest.raises(ConfigError, match="strategy dnas trains its own supernet"):
        check_estimator("supernet", searcher("dnas"), "layerwise")
    assert estimators_of(searcher("darts"), "layerwise") == ()
    assert all("supernet" in estimators_of(searcher("random"), space) for space in SUPERNET_SPACES)
    for strategy in STRATEGIES:
        for space in SPACES:
            for estimator in estimators_of(searcher(strategy), space):
                check_estimator(estimator, searcher(strategy), space)


def test_a_stage_takes_a_share_of_the_time_and_is_no_trial() -> None:
    spent = [0.0]
    all_for_trials = {"final_fit": {"candidates": 1}}
    config = SearchConfig.model_validate({"budget": {"cpu_minutes": 10}, **all_for_trials})
    termination = make_termination(config, lambda: 0.0, spent_cpu_s=lambda: spent[0])
    assert termination.stage_limit() == TimeLimit(cpu_s=pytest.approx(0.4 * 420))
    spent[0] = 200.0
    termination.stage_done()
    spent[0] = 210.0
    termination.took(210.0)
    spent[0] = 410.0
    assert termination.admits(5)  # another trial of 10 s ends in time; one as long as the stage would not
    wall = make_termination(
        SearchConfig.model_validate({"budget": {"minutes": 10}, "final_fit": {"share": 0.3}}), lambda: 20.0
    )
    assert wall.stage_limit() == TimeLimit(wall_s=pytest.approx(0.4 * (420 - 20)))
    both = SearchConfig.model_validate({"budget": {"trials": 3, "cpu_minutes": 10}, **all_for_trials})
    limit = make_termination(both, lambda: 0.0, spent_cpu_s=lambda: 0.0).stage_limit()
    assert limit == TimeLimit(cpu_s=pytest.approx(168.0))
    assert limit.times(0.5) == TimeLimit(cpu_s=pytest.approx(84.0))
    selecting = SearchConfig.model_validate({"budget": {"cpu_minutes": 10}})  # a fifth for choosing the best
    limit = make_termination(selecting, lambda: 0.0, spent_cpu_s=lambda: 0.0).stage_limit()
    assert limit == TimeLimit(cpu_s=pytest.approx(0.4 * 0.8 * 420))


CONFIG = """
board: nucleo_f446re
data: {name: DATA}
space: {name: SPACE, max_blocks: 3, max_width: 16}
strategy: {name: STRATEGY, population: 4, sample: 2}
estimator: {name: supernet, epochs: 1, supernet: {epochs: 4, subnets: 12, sample: 4}}
final_fit: {epochs: 1}
constraints: {flash_kb: 48, sram_kb: 24}
budget: {trials: TRIALS}
workers: 1
device: none
seed: 4
"""


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "micronas", "search", *map(str, arguments)]


def search(folder: Path, *arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        command(*arguments, "--json"), cwd=folder, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def outcomes(run: Path) -> list[tuple[Any, ...]]:
    with Store.read(run) as store:
        return [
            (r.trial.number, r.trial.key, r.trial.scores.quality_int8 if r.trial.scores else None)
            for r in store.records()
        ]


@pytest.mark.slow
@pytest.mark.timeout(900)  # two runs, each of which traces its supernet
@pytest.mark.parametrize(
    ("space", "strategy", "data", "trials"),
    [
        pytest.param("layerwise", "aging_evolution", "digits", 7, marks=pytest.mark.exhaustive),
        pytest.param("cell", "reinforce", "digits", 5, marks=pytest.mark.exhaustive),
        pytest.param("mlp", "nsga2", "digits", 9, marks=pytest.mark.exhaustive),
        pytest.param("autoencoder", "local_search", "vibration", 7, marks=pytest.mark.exhaustive),
    ],
)
def test_killed_in_the_middle_of_the_supernet_a_run_ends_as_it_would_have(
    space: str, strategy: str, data: str, trials: int, tmp_path: Path
) -> None:
    words = {"SPACE": space, "STRATEGY": strategy, "DATA": data, "TRIALS": str(trials)}
    config = functools.reduce(lambda text, word: text.replace(word, words[word]), words, CONFIG)
    (tmp_path / "small.yaml").write_text(config)
    whole = search(tmp_path, "small.yaml", "--run", "whole")
    (agreement,) = whole["agreement"]
    assert agreement["proxy"] == "supernet"
    assert agreement["networks"] >= 1
    cut = tmp_path / "runs" / "cut"
    process = subprocess.Popen(command("small.yaml", "--run", "cut"), cwd=tmp_path, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while not (cut / "supernet.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    time.sleep(1.0)  # its processes notice within half a second
    checkpoint = np.load(cut / "supernet.npz")
    assert not (cut / FOUND).exists() or int(checkpoint["epochs"]) == 4
    resumed = search(tmp_path, "--resume", "runs/cut")
    assert outcomes(cut) == outcomes(tmp_path / "runs" / "whole")
    assert resumed["best"]["quality"] == whole["best"]["quality"]
    assert resumed["agreement"] == whole["agreement"]
    first, second = (FoundSubnets.load(tmp_path / "runs" / name / FOUND) for name in ("whole", "cut"))
    assert first is not None
    assert second is not None
    assert first.subnets == second.subnets
    assert first.traces == second.traces == 1
