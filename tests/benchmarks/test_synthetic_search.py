"""The synthetic benchmark: every variant searches, and its figures are those of the trials, without luck."""

from __future__ import annotations

import pytest

from benchmarks.synthetic_search.run import p_value, result_of, run, spread, wins
from benchmarks.synthetic_search.task import error_of, make_task
from benchmarks.synthetic_search.variants import VARIANTS


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_proposes_networks_that_fit(name: str) -> None:
    task = make_task()
    strategy = VARIANTS[name](task, 0, task.gate.fits, 8)
    for number in range(2):
        arch = strategy.ask(number)
        assert task.gate.fits(arch)
        strategy.tell(task.trial(number, arch, 0))


def test_a_run_repeats_and_another_seed_differs() -> None:
    assert run("random", 0, 3) == run("random", 0, 3) != run("random", 1, 3)


def test_the_figures_are_without_the_noise_of_the_trials() -> None:
    task = make_task()
    archs = [VARIANTS["random"](task, 0, task.gate.fits, 2).ask(number) for number in range(2)]
    trials = [task.trial(number, arch, 0) for number, arch in enumerate(archs)]
    found = result_of(task, trials)
    best = max(trials, key=lambda trial: trial.scores.reward if trial.scores else 0.0)
    assert found.quality == 1.0 - error_of(task.space.net(task.space.from_json(best.arch)))
    assert 0.0 < found.volume < 1.0
    assert found.volume >= result_of(task, trials[:1]).volume
    shares = sorted(t.scores.flash_bytes / task.budget.flash_bytes for t in trials if t.scores)
    assert found.full == pytest.approx(sum(shares) / 2)


def test_pairs_are_counted_and_tested() -> None:
    assert spread([1.0, 3.0]) == "2.0000 +- 1.0000"
    assert wins([1.0, 3.0, 2.0], [0.0, 4.0, 2.0]) == "1 of 3"
    assert p_value([1.0, 2.0], [1.0, 2.0]) == ""
    assert p_value([float(i + 1) for i in range(6)], [0.0] * 6) == "0.031"
