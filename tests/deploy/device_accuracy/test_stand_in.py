"""Samples of a data set on a stand-in for a device: what is sent, compared and refused."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import micronas.deploy.device_accuracy.stream as stream_module
from micronas.config import DataConfig
from micronas.data.evaluation import evaluation, spread_out
from micronas.data.front_end.logmel import log_mel
from micronas.deploy.device_accuracy import choose_input, compare, stream_features, stream_raw
from micronas.deploy.device_accuracy.run import require_fits
from micronas.deploy.device_accuracy.stream import raw_bytes
from micronas.device.client import Client
from micronas.errors import ConfigError, DataError, DeviceError, ModelError, ParityError
from micronas.estimate.accuracy import input_quant, int8_answers, quantized
from micronas.model.front_end import FrontEnd
from micronas.trial import Source
from tests.support.raw_device import RawDevice
from tests.support.raw_words import FILE, SPEC, network
from tests.support.recordings import write_activities, write_words

GRAPH = network()
BYTES = 24 * 20


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("soundfile", reason="soundfile is not installed")
    root = write_words(tmp_path_factory.mktemp("words"), per_class=18)
    return evaluation(config(root), "validation", 5, "")


def config(root: Path) -> DataConfig:
    options = {"clip_s": 0.5, "bands": 20, "groups": "(?P<speaker>[a-z0-9]+)_"}
    return DataConfig(name="audio_folder", path=str(root), options=options)


@pytest.fixture(scope="module")
def features(given):
    """The training's features of a clip, by its raw samples."""
    inputs = quantized(given.chosen.x, input_quant(GRAPH))
    return dict(zip(raw_of(given), (row.tobytes() for row in inputs), strict=True)).get


def raw_of(given) -> list[bytes]:
    return [raw_bytes(FILE, given.read_raw(i)) for i in range(len(given))]


def through(device: RawDevice, given, **more):
    settings = {"input_at": (0, BYTES), "has_states": False, "deadline_s": 60.0, **more}
    return stream_raw(Client(device), raw_of(given), **settings)


def test_raw_samples_become_the_answers_of_the_host(given, features) -> None:
    streamed = through(RawDevice(GRAPH, features), given)
    found = compare(GRAPH, given, streamed, Source.EMULATED, raw=True)
    answers = int8_answers(GRAPH, given.chosen.x)
    assert streamed.outputs.argmax(axis=1).tolist() == answers.tolist()
    assert found.device == found.host == np.mean(answers == given.chosen.y)
    assert (found.mismatches, found.answers_apart) == (0, 0)
    assert (found.inputs.elements, found.inputs.differing) == (5 * BYTES, 0)
    matrix = np.array(found.device_confusion.matrix)
    assert matrix.sum(axis=1).tolist() == np.bincount(given.chosen.y, minlength=2).tolist()
    frames_of_a_clip = -(-8000 // 236)
    assert found.front_end_counts == (100 * frames_of_a_clip + 7,) * 5
    found.require_equal()


def test_features_are_compared_element_by_element(given) -> None:
    sent = quantized(given.chosen.x, input_quant(GRAPH))
    streamed = stream_features(Client(RawDevice(GRAPH)), sent, has_states=False, deadline_s=60.0)
    found = compare(GRAPH, given, streamed, Source.MEASURED, raw=False)
    assert (found.elements, found.mismatches, found.inputs) == (10, 0, None)
    assert found.to_json()["source"] == "measured"


def test_one_wrong_element_is_a_parity_error(given, features) -> None:
    streamed = through(RawDevice(GRAPH, features, wrong_output=True), given)
    found = compare(GRAPH, given, streamed, Source.EMULATED, raw=True)
    with pytest.raises(ParityError, match="5 of 10 output elements of the validation samples differ"):
        found.require_equal()


def test_another_front_end_on_the_device_is_a_parity_error(given, features) -> None:
    def other(raw: bytes) -> bytes | None:
        found = features(raw)
        return found and bytes([found[0] ^ 4]) + found[1:]

    found = compare(GRAPH, given, through(RawDevice(GRAPH, other), given), Source.EMULATED, raw=True)
    assert found.mismatches == 0  # the network computed what it should for the inputs that it had
    with pytest.raises(
        ParityError, match=r"front end is 4 steps from the training's \(limit: 1\); 5 of 2400"
    ):
        found.require_equal()


def test_a_lost_reply_to_raw_samples_changes_nothing(given, features, monkeypatch) -> None:
    monkeypatch.setattr("micronas.device.client._RESEND_S", 0.01)
    device = RawDevice(GRAPH, features, emulated=False, drop_replies=3)
    assert (through(device, given).outputs == through(RawDevice(GRAPH, features), given).outputs).all()


def test_states_begin_anew_with_each_sample(given, features) -> None:
    device = RawDevice(GRAPH, features)
    through(device, given, has_states=True)
    assert device.resets == 5


def test_too_few_raw_samples_are_refused(given, features) -> None:
    short = [raw[:400] for raw in raw_of(given)]
    with pytest.raises(DeviceError, match="sample 0: 400 bytes of raw samples do not fill an input"):
        stream_raw(
            Client(RawDevice(GRAPH, features)), short, input_at=(0, BYTES), has_states=False, deadline_s=60
        )


def test_a_slow_device_is_stopped_at_the_deadline(given, features, monkeypatch) -> None:
    ticks = itertools.count(0, 10)
    monkeypatch.setattr(stream_module.time, "monotonic", lambda: float(next(ticks)))
    monkeypatch.setattr("micronas.device.client.time", SimpleNamespace(monotonic=lambda: 0.0))
    with pytest.raises(DeviceError, match="2 of 5 samples ran within 25 s") as refused:
        through(RawDevice(GRAPH, features), given, deadline_s=25.0)
    assert "--samples 2" in refused.value.remedy


def test_raw_clips_are_those_of_the_features(given) -> None:
    clips = np.stack([given.read_raw(i) for i in range(len(given))])
    assert clips.dtype == np.int16
    assert np.allclose(log_mel(clips, SPEC), given.chosen.x, atol=1e-6)


def test_raw_rows_are_in_the_units_of_the_file(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    options = {"columns": ["ax", "ay", "az"], "label": "activity", "groups": "subject", "window": 50}
    data = DataConfig(name="csv", path=str(write_activities(tmp_path / "a.csv")), options=options)
    found = evaluation(data, "validation", 3, "")
    rows = np.stack([found.read_raw(i) for i in range(3)])
    mean, spread = (np.float32(found.dataset.front_end.parameters[k]) for k in ("mean", "spread"))
    assert np.allclose((rows - mean) / spread, found.chosen.x[:, :, 0, :], atol=1e-5)
    assert 8 < rows[..., 2].mean() < 12  # gravity


def test_the_test_split_is_unsealed_only_if_asked_for(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((60, 4, 4, 1)).astype(np.float32)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(60) % 3)
    data = DataConfig(name="npz", path=str(tmp_path / "a.npz"))
    assert evaluation(data, "validation", 4, "why").dataset.test.touches == ()
    assert evaluation(data, "test", 4, "why").dataset.test.touches == ("why",)
    with pytest.raises(ConfigError, match="unknown split 'train'"):
        evaluation(data, "train", 4, "why")


def test_samples_are_spread_over_the_split() -> None:
    assert spread_out(100, 5).tolist() == [0, 25, 50, 74, 99]
    assert spread_out(3, 5).tolist() == [0, 1, 2]


def test_what_the_device_gets_and_why(given) -> None:
    chosen, why = choose_input(GRAPH, given, FILE, features=False)
    assert (chosen.file, why) == (FILE, "")
    assert choose_input(GRAPH, given, FILE, features=True) == (None, "as asked for")
    assert choose_input(GRAPH, given, None, features=False) == (None, "no front_end.json beside the model")
    mute = replace(given, read_raw=None)
    assert choose_input(GRAPH, mute, FILE, features=False)[1] == "the data source keeps no raw samples"
    with pytest.raises(DataError, match=r"front_end\.json beside the model and the data differ in high_hz"):
        choose_input(
            GRAPH, given, replace(FILE, front_end=replace(SPEC, high_hz=3000.0).front_end), features=False
        )


def test_a_network_of_other_data_is_refused(given) -> None:
    with pytest.raises(DataError, match="2 classes, but the network has 3 outputs"):
        require_fits(network(replace(FILE, labels=("a", "b", "c"))), given)
    other = replace(FILE, front_end=FrontEnd("theirs", 1), input_shape=(12, 20, 1))
    with pytest.raises(DataError, match=r"inputs of \(24, 20, 1\), but the network takes \(12, 20, 1\)"):
        require_fits(network(other), given)
    real = replace(GRAPH, tensors=tuple(replace(t, quant=None) for t in GRAPH.tensors))
    with pytest.raises(ModelError, match="one int8 input"):
        require_fits(real, given)
