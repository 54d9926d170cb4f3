"""The final fit: inside its seconds, repeatable without a clock, and better than the search's training."""

import itertools
import time

import numpy as np
import pytest

from micronas.config import DataConfig, TrainingConfig
from micronas.errors import TrainError
from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder, SoftmaxLayer

tf = pytest.importorskip("tensorflow")

from micronas.estimate.final_fit import FinalSettings, best_strength, final_fit  # noqa: E402
from micronas.estimate.fit_progress import FitProgress  # noqa: E402
from micronas.estimate.full import Estimate, cached_dataset, estimate  # noqa: E402
from micronas.train.settings import TrainSettings  # noqa: E402
from micronas.train.statistics import reestimate_statistics  # noqa: E402
from micronas.train.tf_model import TfModel  # noqa: E402
from micronas.train.time_limit import Stopwatch, TimeLimit  # noqa: E402

DIGITS = DataConfig(name="digits")


@pytest.fixture(scope="module")
def net():
    builder = NetBuilder((8, 8, 1)).chain(Conv(8, 3, 3), Conv(16, 3, 3, 2, 2))
    return builder.chain(GlobalAveragePool(), Dense(10), SoftmaxLayer()).build()


def test_a_given_number_of_epochs_repeats_and_beats_a_short_training(net):
    settings = FinalSettings(epochs=15, augment=0.5)
    once, again = (final_fit(net, DIGITS, settings, seed=3) for _ in range(2))
    assert (once.epochs, once.cut) == (15, "")
    assert once.tflite == again.tflite
    short = estimate(net, DIGITS, TrainSettings(epochs=3), seed=3)
    assert once.quality_int8 > short.quality_int8
    assert once.quality_int8 > 0.85


def test_seconds_that_suffice_change_nothing(net):
    settings = FinalSettings(epochs=4, augment=0.5)
    limit = TimeLimit(wall_s=600, cpu_s=600)
    assert final_fit(net, DIGITS, settings, 3, limit).tflite == final_fit(net, DIGITS, settings, 3).tflite


def test_the_clock_takes_over_only_where_the_epochs_fall_behind():
    used = 0.5  # half of the time went into building the network
    progress = FitProgress(epochs=10, steps_per_epoch=4, used=lambda: used)
    used, progress.steps = 0.62, 8
    assert progress.share == pytest.approx(0.2), "a little behind: the schedule is that of the epochs"
    used = 0.65
    assert progress.share == pytest.approx(0.3), "clearly behind: the rate must still fall in time"
    used, progress.steps = 1.0, 39
    assert progress.share == 1.0, "the time is over"
    used, progress.steps = 0.75, 40
    assert progress.share == 1.0, "the epochs are done"


def test_epochs_are_planned_by_the_speed_after_compiling():
    used = 0.0
    progress = FitProgress(epochs=60, steps_per_epoch=10, used=lambda: used)
    used = 0.1  # compiling, mostly
    progress.advance(5)
    used = 0.13
    progress.advance(5)
    assert progress.planned == 60, "less than an epoch since"
    used = 0.16
    progress.advance(5)  # an epoch takes 0.06; 0.98 x 0.84 is left for 13.7 more of them, less 0.2
    assert progress.planned == 15.0
    used = 0.22
    progress.advance(5)
    assert progress.planned == 15.0, "less than an epoch since the plan"
    endless = FitProgress(epochs=60, steps_per_epoch=10, used=lambda: 0.0)
    for _ in range(9):
        endless.advance(5)
    assert endless.planned == 60


@pytest.mark.parametrize(
    ("speed", "least", "most"),
    [
        (lambda epoch: 0.02, 45, 46),
        (lambda epoch: 0.02 if epoch < 20 else 0.01, 68, 71),
        (lambda epoch: 0.02 if epoch < 20 else 0.04, 30, 33),
    ],
    ids=["steady", "faster", "slower"],
)
def test_a_training_uses_its_time_when_its_speed_changes(speed, least, most):
    used = 0.0
    progress = FitProgress(epochs=100, steps_per_epoch=1, used=lambda: used)
    shares = []
    while progress.share < 1.0:
        shares.append(progress.share)
        used += 0.1 if progress.steps == 0 else speed(progress.steps)
        progress.advance(1)
    assert least <= progress.steps <= most
    assert progress.steps == progress.planned, "not cut"
    assert used <= 1.0 + 1e-9
    assert max(after - before for before, after in itertools.pairwise(shares[3:])) < 0.1


def test_once_all_epochs_fit_the_plan_stays():
    used = 0.0
    progress = FitProgress(epochs=20, steps_per_epoch=1, used=lambda: used)
    for _ in range(10):
        used += 0.02
        progress.advance(1)
    assert progress.planned == 20
    used = 0.9
    progress.advance(1)
    assert progress.planned == 20, "the schedule must not depend on the speed"


def test_seconds_are_kept_and_the_schedule_still_ends(net):
    """In CPU time, which a busy machine does not shorten."""
    start = time.process_time()
    fitted = final_fit(net, DIGITS, FinalSettings(epochs=100_000), 0, TimeLimit(cpu_s=6.0))
    assert time.process_time() - start < 20.0
    assert 1 <= fitted.epochs < 100_000
    assert fitted.quality_int8 > 0.3
    assert f"{fitted.epochs} of 100,000 epochs" in fitted.shortened + fitted.cut
    assert "budget.cpu_minutes" in fitted.shortened + fitted.cut


def test_the_first_of_two_limits_counts():
    watch = Stopwatch()
    assert watch.share_of(TimeLimit()) == 0.0
    assert watch.share_of(TimeLimit(wall_s=1e-9, cpu_s=1e9)) >= 1.0
    assert watch.share_of(TimeLimit(wall_s=1e9, cpu_s=0.0)) >= 0.0


def test_too_little_time_is_an_error(net):
    with pytest.raises(TrainError, match="had time for only"):
        final_fit(net, DIGITS, FinalSettings(), 0, TimeLimit(wall_s=0.01))


def test_reestimated_statistics_are_those_of_the_layer_outputs(net):
    model, x = TfModel(net, 0), cached_dataset(DIGITS).train.x
    reestimate_statistics(model, x)
    first = model.get_weights()[1]
    outputs = tf.nn.conv2d(x, first.kernel, 1, "SAME").numpy()
    assert np.allclose(first.norm.mean, outputs.mean(axis=(0, 1, 2)), atol=1e-3)
    assert np.allclose(first.norm.variance, outputs.var(axis=(0, 1, 2)), rtol=0.02)


def test_settings_follow_the_configuration():
    assert FinalSettings.from_config(7).epochs == 7
    training = TrainingConfig(mixup=0.2, augment_strengths=[0.5, 1.0])
    settings = FinalSettings.from_config(120, training=training)
    assert (settings.mixup, settings.strengths, settings.qat) == (0.2, (0.5, 1.0), False)
    assert (training.fits_per_finalist, TrainingConfig().fits_per_finalist) == (2, 1)


def test_validation_data_choose_the_strength_of_augmentation(net):
    tried = []

    def fit(settings, limit):
        tried.append((settings.augment, settings.strengths, limit.cpu_s))
        quality = {0.5: 0.91, 1.0: 0.93, 1.5: 0.93}[settings.augment]
        return Estimate(b"%g" % settings.augment, quality, quality, 9, 10.0, 1, 1, training="distilled")

    best = best_strength(FinalSettings(strengths=(0.5, 1.0, 1.5)), TimeLimit(cpu_s=30.0), fit)
    assert tried == [(0.5, (), 10.0), (1.0, (), 10.0), (1.5, (), 10.0)]
    assert (best.tflite, best.cpu_s) == (b"1", 30.0)
    assert best.training == (
        "augmentation of strength 1 by validation data (0.5 had 91.0 %, 1.5 had 93.0 %); distilled"
    )
    tried.clear()
    assert best_strength(FinalSettings(), TimeLimit(cpu_s=30.0), fit).training == "distilled"
    assert tried == [(1.0, (), 30.0)]


def test_mixup_trains_another_network_and_says_so(net):
    plain, mixed = (
        final_fit(net, DIGITS, FinalSettings(epochs=1, augment=0.0, mixup=alpha), seed=3)
        for alpha in (0.0, 0.2)
    )
    assert (plain.training, mixed.training) == ("", "mixup with alpha 0.2")
    assert plain.tflite != mixed.tflite
