"""The number of epochs of a trial, fixed before it begins."""

from __future__ import annotations

import math

import pytest

from micronas.config import SearchBudget
from micronas.model.net import Conv, Dense, GlobalAveragePool, Net, NetBuilder, SoftmaxLayer
from micronas.search.evaluation.limits import shortened_text, trial_share_s
from micronas.train.cost import START_S, epoch_cpu_s, epochs_within, training_cpu_s
from micronas.train.time_limit import TimeLimit


def net(width: int) -> Net:
    builder = NetBuilder((28, 28, 1))
    builder.chain(Conv(width, 3, 3), Conv(width, 3, 3), GlobalAveragePool(), Dense(10))
    return builder.chain(SoftmaxLayer()).build()


def planned(net: Net, samples: int) -> int:
    """Of 8 epochs, as many as fit into 120 s."""
    return epochs_within(epoch_cpu_s(net, samples), 8, 120.0)


def test_a_training_that_fits_gets_all_its_epochs() -> None:
    assert planned(net(8), 3500) == 8


def test_a_large_network_gets_fewer_and_they_fit() -> None:
    large = net(64)
    epochs = planned(large, 3500)
    assert 1 <= epochs < 8
    assert training_cpu_s(large, 3500, epochs) <= 120
    assert planned(large, 7000) < epochs
    assert planned(large, 10**6) == 1


def test_the_cost_grows_with_samples_and_size() -> None:
    assert epoch_cpu_s(net(16), 1000) > epoch_cpu_s(net(8), 1000) > 0
    assert epoch_cpu_s(net(8), 2000) == pytest.approx(2 * epoch_cpu_s(net(8), 1000))
    assert training_cpu_s(net(8), 1000, 0) == START_S


def test_what_is_said_names_the_limit() -> None:
    assert shortened_text(8, 8, TimeLimit()) == ""
    assert shortened_text(3, 8, TimeLimit(cpu_s=120)) == (
        "planned for 3 of 8 epochs to fit into estimator.trial_deadline_s"
    )
    assert "budget.minutes" in shortened_text(3, 8, TimeLimit(wall_s=20, cpu_s=120))
    assert (
        shortened_text(3, 8, TimeLimit(wall_s=20), 9.0)
        == "planned for 3 of 8 epochs to fit into 15% of the budget"
    )


def test_no_trial_is_planned_to_take_more_than_its_share_of_the_minutes() -> None:
    assert trial_share_s(SearchBudget(trials=9)) == math.inf
    assert trial_share_s(SearchBudget(minutes=10)) == pytest.approx(90.0)
    assert trial_share_s(SearchBudget(minutes=10, cpu_minutes=2)) == pytest.approx(18.0)
