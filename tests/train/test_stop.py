"""Stop rules against curves written by hand whose right answer is plain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from micronas.config import DataConfig
from micronas.train.stop import CurveStop, HalvingStop, never, stop_rule

accuracy = st.floats(0, 1)


def exact_curves(slope, offset, starts):
    """Curves of three epochs whose end is a straight line of their second epoch."""
    return tuple((0.1, start, offset + slope * start) for start in starts)


def test_a_curve_rule_reads_the_line_between_epoch_and_end():
    rule = CurveStop(exact_curves(0.5, 0.5, np.linspace(0.3, 0.9, 9)), target=0.9)
    assert rule((0.1, 0.82)) == ""  # leads to 0.91
    assert "0.780 after epoch 2 predicts 0.890 at best, under 0.900" in rule((0.1, 0.78))


def test_a_curve_rule_grants_the_spread_of_its_evidence():
    rng = np.random.default_rng(0)
    starts = rng.uniform(0.4, 0.8, 400)
    curves = tuple((0.1, float(s), float(0.9 + rng.normal(0, 0.01))) for s in starts)
    for target, stops in ((0.91, False), (0.94, True)):
        assert bool(CurveStop(curves, target=target)((0.1, 0.6))) == stops


def test_a_curve_rule_needs_evidence_and_two_epochs():
    few = exact_curves(0.5, 0.5, np.linspace(0.3, 0.9, 7))
    assert CurveStop(few, target=2.0)((0.1, 0.3)) == ""
    enough = exact_curves(0.5, 0.5, np.linspace(0.3, 0.9, 8))
    assert CurveStop(enough, target=2.0)((0.1,)) == ""
    assert CurveStop(enough, target=2.0)((0.1, 0.3)) != ""


@given(
    st.lists(st.tuples(accuracy, accuracy, accuracy), min_size=8, max_size=20), st.tuples(accuracy, accuracy)
)
def test_a_curve_rule_never_stops_what_is_already_there(curves, curve):
    assert CurveStop(tuple(curves), target=max(curve))(curve) == ""


@given(st.lists(accuracy, max_size=30), accuracy, st.integers(2, 4))
@settings(deadline=None)
def test_halving_keeps_the_best_share_of_a_rung(others, mine, eta):
    rule = HalvingStop(tuple((0.0, other) for other in others), rungs=(2,), eta=eta)
    place = sorted([*others, mine], reverse=True).index(mine)
    assert (rule((0.0, mine)) == "") == (place < np.ceil((len(others) + 1) / eta))


def test_halving_looks_at_rungs_only_and_at_rivals_that_came_so_far():
    rule = HalvingStop(((0.9,), (0.9, 0.9), (0.9, 0.9, 0.9)), rungs=(2, 3), eta=2)
    assert rule((0.1,)) == ""
    assert "0.100 after epoch 2 ranks 3 of 3" in rule((0.1, 0.1))
    assert HalvingStop((), rungs=(1,))((0.1,)) == ""


def test_rules_by_name_judge_by_the_trainings_that_ran_their_course():
    ran = exact_curves(0.5, 0.5, np.linspace(0.1, 0.9, 9))  # ends 0.55 .. 0.95, upper quartile 0.85
    rule = stop_rule("short", (*ran, (0.9,), (0.9, 0.9)))
    assert rule((0.1, 0.72)) == ""
    assert "under 0.850" in rule((0.1, 0.68))
    assert stop_rule("short", ())((0.1, 0.1)) == ""
    assert stop_rule("train", ran)((0.0, 0.0)) == ""
    assert stop_rule("halving", ran)((0.0, 0.0)) != ""


def test_a_rule_ends_a_training_and_its_reason_is_kept():
    pytest.importorskip("tensorflow")
    from micronas.data import load
    from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder, SoftmaxLayer
    from micronas.train.settings import TrainSettings
    from micronas.train.train import train

    net = NetBuilder((8, 8, 1)).chain(Conv(4, 3, 3), GlobalAveragePool(), Dense(10), SoftmaxLayer()).build()
    data = load(DataConfig(name="digits"))
    seen = []

    def stop(curve):
        seen.append(curve)
        return "enough" if len(curve) == 2 else never(curve)

    trained = train(net, data, TrainSettings(epochs=5), seed=0, stop=stop)
    assert (trained.epochs, trained.stopped) == (2, "enough")
    assert trained.curve == seen[-1]
    assert len(trained.curve) == 2
