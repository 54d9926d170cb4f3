"""A budget in trials and minutes at once ends at whichever comes first."""

from __future__ import annotations

import pytest

from micronas.config import SearchConfig
from micronas.search.termination import make_termination
from micronas.search.termination.trials import TrialTermination


@pytest.fixture
def spent() -> list[float]:
    return [0.0]


def both(spent: list[float]):
    config = SearchConfig.model_validate(
        {"budget": {"trials": 4, "minutes": 10}, "final_fit": {"share": 0.3}}
    )
    return make_termination(config, lambda: spent[0], closing_s=20)


def test_the_trials_end_it_when_there_is_time(spent: list[float]) -> None:
    termination = both(spent)
    assert [termination.admits(n) for n in range(6)] == [True] * 4 + [False] * 2


def test_the_minutes_end_it_when_they_are_short(spent: list[float]) -> None:
    termination = both(spent)
    termination.took(60.0)
    spent[0] = 400.0
    assert not termination.admits(3)


def test_the_final_fit_is_kept_inside_the_minutes(spent: list[float]) -> None:
    termination = both(spent)
    spent[0] = 100.0
    assert termination.final_fit_s(rounds=2) == (600 - 20 - 100) / 2
    assert termination.left().endswith("trials, 8:20 min")


def test_trials_that_began_are_not_left() -> None:
    termination = TrialTermination(3)
    left = [termination.left()]
    for number in range(4):
        termination.admits(number)
        left.append(termination.left())
    assert left == ["3 trials", "2 trials", "1 trial", "0 trials", "0 trials"]
