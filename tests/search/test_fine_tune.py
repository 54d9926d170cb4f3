"""Further training of a trial: from its weights, on its own or other data, beside what is stored."""

from __future__ import annotations

import json

import numpy as np
import pytest

from micronas.config import DataConfig, parse_config
from micronas.errors import SearchError, TrainError
from micronas.model.net import Conv, Dense, GlobalAveragePool, NetBuilder, SoftmaxLayer
from micronas.model.tflite import read_bytes
from micronas.store import Record
from micronas.trial import Outcome, Scores, Trial

pytest.importorskip("tensorflow")

import micronas.search.fine_tune as module
import micronas.search.outcome as outcome_module
from micronas.data import load
from micronas.estimate.full import estimate
from micronas.search import fine_tuned
from micronas.search.fine_tune import fine_tune, tuning_setup
from micronas.search.run import new_run
from micronas.search.setup import prepare
from micronas.train.settings import TrainSettings
from micronas.train.transfer import start_from
from micronas.train.weights import initial_weights


def in_this_process(function, *arguments, deadline_s, tick=None, what=""):
    return function(*arguments)


@pytest.fixture
def store(tmp_path, trained, monkeypatch):
    """A run with one trained trial, whose further trainings run in this process."""
    setup, arch, estimated = trained
    monkeypatch.setattr(module, "run_isolated", in_this_process)
    monkeypatch.setattr(outcome_module, "run_isolated", in_this_process)
    with new_run(setup, tmp_path / "run") as store:
        scores = Scores(estimated.quality_int8, estimated.quality_float, 1, 1, 1, 1, None, 0.5, 2, 1.0)
        trial = Trial(0, setup.space.to_json(arch), setup.space.key(arch), Outcome.COMPLETE, scores)
        store.begin_session()
        store.add(Record(trial, {}, tflite=estimated.tflite, weights=estimated.weights))
        yield store


@pytest.fixture(scope="module")
def trained():
    setup = prepare(
        parse_config(
            {
                "board": "nucleo_f446re",
                "device": "none",
                "data": {"name": "digits"},
                "space": {"max_width": 16, "max_blocks": 2},
                "estimator": {"calibration_samples": 50},
            }
        )
    )
    arch = setup.space.sample(np.random.default_rng(3))
    net = setup.space.net(arch)
    return setup, arch, estimate(net, setup.config.data, TrainSettings(epochs=2), 0, calibration_samples=50)


def test_a_trial_trains_further_and_stays_as_it_was(store, trained):
    tflite = store.model(0)
    done = fine_tune(tuning_setup(store), store, 0, 3, lambda text: None)
    assert done.folder == store.folder / "fine-tuned" / "trial-0-1"
    assert done.start.name == "trial 0"
    assert (done.start.new_head, done.start.before) == (False, trained[2].quality_int8)
    assert done.figures.scores.quality_int8 > trained[2].quality_int8  # two epochs leave much to learn
    assert "trial 0 trained for 3 more epochs; int8 on validation data before: " in done.figures.note
    assert (done.folder / "model.tflite").read_bytes() != tflite == store.model(0)
    assert {"keras", "c", "tflite"} <= set(done.figures.files)
    assert json.loads((done.folder / "result.json").read_text())["start"]["epochs"] == 3
    assert store.final() is None
    assert store.unsealings() == ["final figures of trial 0, fine-tuned on digits"]
    assert fine_tuned.free_folder(store.folder / "fine-tuned", 0).name == "trial-0-2"


def test_other_classes_get_a_new_last_layer(store, tmp_path, trained):
    digits = load(DataConfig(name="digits")).train
    some = digits.y < 4
    np.savez(tmp_path / "four.npz", x=digits.x[some], y=digits.y[some])
    said: list[str] = []
    data = DataConfig(name="npz", path=tmp_path / "four.npz")
    setup = tuning_setup(store, data)
    done = fine_tune(setup, store, 0, 8, said.append, other_data=True, command="micronas fine-tune X")
    assert done.start.new_head
    assert done.start.before is None
    assert any("its last layer started from scratch, for 4 classes" in line for line in said)
    graph = read_bytes((done.folder / "model.tflite").read_bytes(), "four")
    assert graph.tensors[graph.outputs[0]].shape == (1, 4)
    assert done.figures.scores.quality_int8 > 0.6
    assert "`micronas fine-tune X`" in (done.folder / "model_card.md").read_text()


def test_an_interrupted_one_leaves_no_folder(store, monkeypatch):
    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr(fine_tuned, "figures_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(tuning_setup(store), store, 0, 1, lambda text: None)
    assert not any((store.folder / "fine-tuned").iterdir())
    (store.folder / "fine-tuned" / f"trial-0-1{fine_tuned.DRAFT}").mkdir()  # what kill -9 leaves
    assert fine_tuned.free_folder(store.folder / "fine-tuned", 0).name == "trial-0-1"


def test_a_run_without_weights_says_how_to_get_them(store):
    (store.folder / "weights" / "trial-0.npz").unlink()
    with pytest.raises(SearchError, match="did not keep the float weights of trial 0") as refused:
        fine_tune(tuning_setup(store), store, 0, 1, lambda text: None)
    assert "pick" in refused.value.remedy


def small(channels, classes, kernel=3):
    return (
        NetBuilder((8, 8, channels))
        .chain(Conv(4, kernel, kernel), GlobalAveragePool(), Dense(classes), SoftmaxLayer())
        .build()
    )


def test_only_the_last_layer_may_differ():
    weights = initial_weights(small(1, 10), 0)
    same = start_from(weights, small(1, 10), small(1, 10), 1)
    assert (same.new_head, same.weights[3] is weights[3]) == (False, True)
    other = start_from(weights, small(1, 10), small(1, 3), 1)
    assert (other.new_head, other.weights[3].kernel.shape) == (True, (4, 3))
    renamed = start_from(weights, small(1, 10), small(1, 10), 1, new_head=True)
    assert not np.array_equal(renamed.weights[3].kernel, weights[3].kernel)
    with pytest.raises(TrainError, match=r"layer 1 .* has a kernel of shape \(3, 3, 3, 4\) for these data"):
        start_from(weights, small(1, 10), small(3, 10), 1)
