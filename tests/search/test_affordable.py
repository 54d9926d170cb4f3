"""How many trials a budget in time affords, and which budget affords a search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from micronas.config import FinalFitConfig
from micronas.search.affordable import SearchOrNot
from micronas.search.termination.reserve import TRIALS_PER_FINALIST
from tests.support.affordable import LIMIT


@pytest.mark.parametrize(
    ("epoch_s", "trials"),
    [
        # 8 epochs and a second: 1.8 s. 120 epochs and 10 s are for the final training, 6 s for the start.
        (0.1, (120 - 22 - 6) / 1.8),
        # Half of the time is for the final training.
        (1.0, (60 - 6) / 9),
        # An epoch takes 5 %, so that one is planned, and the final training gets three quarters.
        (6.0, (30 - 6) / 7),
    ],
    ids=["short epochs", "half of the time", "long epochs"],
)
def test_trials_get_what_the_final_training_leaves(epoch_s: float, trials: float) -> None:
    assert LIMIT.trials(epoch_s) == pytest.approx(trials)
    assert replace(LIMIT, workers=3).trials(epoch_s) == pytest.approx(3 * trials)


def test_fewer_trials_than_fill_the_round_of_finalists_are_no_search() -> None:
    for epoch_s, one in ((0.29, False), (0.31, True)):
        trials = LIMIT.trials(epoch_s)
        assert (trials < FinalFitConfig().candidates * TRIALS_PER_FINALIST) is one
        assert SearchOrNot((LIMIT,), epoch_s).affords_one() is one


@pytest.mark.parametrize(("epoch_s", "unit"), [(0.31, "minutes"), (1.0, "CPU minutes"), (6.0, "minutes")])
def test_the_budget_that_is_named_affords_a_search(epoch_s: float, unit: str) -> None:
    search = SearchOrNot((replace(LIMIT, unit=unit),), epoch_s=9.0)
    minutes, named = search.enough(epoch_s).split(" ", 1)
    assert named == unit

    def with_minutes(count: int) -> bool:
        limit = replace(LIMIT, total_s=60.0 * count, share_s=9.0 * count)
        return not SearchOrNot((limit,), epoch_s).affords_one()

    assert with_minutes(int(minutes))
    assert not with_minutes(int(minutes) - (1 if int(minutes) < 20 else 5)), "not more than needed"
    assert search.enough(0.1) == "", "this one affords it"


def test_both_budgets_are_named_where_both_are_too_small() -> None:
    cpu = replace(LIMIT, total_s=60.0, share_s=9.0, unit="CPU minutes")
    found = SearchOrNot((LIMIT, cpu), epoch_s=1.0).enough(1.0)
    assert found.split(" and ") == [SearchOrNot((one,), 1.0).enough(1.0) for one in (LIMIT, cpu)]
