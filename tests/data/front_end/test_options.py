"""The options of a front end of audio: what they mean, and one plain message for what cannot be."""

from __future__ import annotations

import pytest

from micronas.data.front_end.options import front_end_of, input_range_of
from micronas.errors import DataError
from micronas.model.front_end import LogMel, Mfcc, Micro
from micronas.model.front_end.log_mel import log_mel_of
from micronas.model.front_end.mfcc import mfcc_of
from micronas.model.front_end.micro import micro_of


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, LogMel),
        ({"coefficients": 0}, LogMel),
        ({"coefficients": 10}, Mfcc),
        ({"front_end": "mfcc"}, Mfcc),
        ({"front_end": "micro"}, Micro),
        ({"front_end": "micro", "coefficients": 0}, Micro),
    ],
)
def test_a_front_end_by_its_name_or_by_its_coefficients(options, kind):
    assert type(front_end_of(options, 16000)) is kind


def test_micro_is_that_of_the_published_models_by_default():
    spec = front_end_of({"front_end": "micro", "hop_ms": 10}, 16000)
    assert spec == Micro(16000, window=480, hop=160, bands=40, low_hz=125.0, high_hz=7500.0, settle=1)
    assert micro_of(spec.front_end.parameters) == spec
    assert front_end_of({"front_end": "micro", "settle": False}, 16000).settle == 0
    assert input_range_of(spec) == (0.0, 26.0)
    plain = front_end_of({"front_end": "micro", "pcan": False}, 8000)
    assert (plain.high_hz, plain.pcan) == (3750.0, 0)
    assert input_range_of(plain) == (0.0, 40.0)


def test_a_front_end_as_it_always_was_keeps_its_version_and_parameters():
    found = front_end_of({}, 16000).front_end
    assert (found.name, found.version) == ("logmel", 1)
    assert set(found.parameters) == {
        *("rate_hz", "window", "hop", "fft", "bands", "low_hz", "high_hz", "floor", "low", "high")
    }
    assert front_end_of({"coefficients": 10}, 16000).front_end.version == 1


@pytest.mark.parametrize("options", [{"mel_scale": "slaney"}, {"mel_norm": "slaney"}, {"log": "db"}])
def test_other_scales_are_version_2_and_come_back(options):
    spec = front_end_of(options, 16000)
    assert spec.front_end.version == 2
    assert log_mel_of(spec.front_end.parameters) == spec
    cepstra = front_end_of({**options, "coefficients": 13}, 16000)
    assert cepstra.front_end.version == 2
    assert mfcc_of(cepstra.front_end.parameters) == cepstra


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"front_end": "mel"}, "must be one of logmel, mfcc, micro"),
        ({"front_end": "micro", "mel_scale": "slaney"}, "'mel_scale' is not for the front end micro"),
        ({"front_end": "micro", "coefficients": 10}, "'coefficients' is not for the front end micro"),
        ({"front_end": "logmel", "coefficients": 10}, "'coefficients' is not for the front end logmel"),
        ({"pcan": False}, "'pcan' is not for the front end logmel"),
        ({"front_end": "micro", "pcan": 1}, "'pcan' must be true or false"),
        ({"front_end": "micro", "hop_ms": 40}, "no hop of 640 samples with windows of 480"),
        ({"front_end": "micro", "window_ms": 2, "hop_ms": 1}, "micro takes 33 to 4096"),
        ({"front_end": "micro", "high_hz": 8000}, "leaves no bin above the last filter"),
        ({"mel_scale": "bark"}, "must be one of htk, slaney"),
        ({"amin": 1e-8}, "'amin' is for log: db"),
        ({"log": "db", "amin": 2}, "'amin' must be below 1"),
    ],
)
def test_what_cannot_be_is_said(options, said):
    with pytest.raises(DataError, match=said):
        front_end_of(options, 16000)
