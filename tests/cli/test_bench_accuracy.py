"""``bench --data`` on the terminal: what is printed of device and host, and which options are refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from micronas.cli.accuracy import _print_inputs, print_accuracy
from micronas.cli.bench import _number_or_file
from micronas.deploy.device_accuracy import DeviceAccuracy
from micronas.deploy.device_accuracy.result import InputCheck
from micronas.errors import ConfigError
from micronas.estimate.confusion import Confusion
from micronas.trial import Source

HOST = Confusion(("yes", "no"), ((3, 1), (0, 6)))
DEVICE = Confusion(("yes", "no"), ((4, 0), (0, 6)))


def accuracy(
    device: Confusion = HOST, inputs: InputCheck | None = None, split: str = "validation"
) -> DeviceAccuracy:
    counts = (64_000, 64_010, 64_400) if inputs else ()
    apart = 0 if device is HOST else 1
    return DeviceAccuracy(
        split,
        10,
        180,
        "accuracy",
        Source.EMULATED,
        0.9 + 0.1 * apart,
        0.9,
        20,
        0,
        inputs,
        apart,
        device,
        HOST,
        counts,
    )


def test_equal_matrices_are_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_accuracy(accuracy(inputs=InputCheck(19_600, 3, 1)), "")
    text = capsys.readouterr().out
    assert (
        "accuracy  90.0 % on the device (emulated), 90.0 % on the host; 10 of 180 validation samples" in text
    )
    assert "20 of 20 elements equal to the reference's" in text
    assert "19,597 of 19,600 elements equal to the training's, the others differ by at most 1" in text
    assert "64,010 instructions of the front end per input, median" in text
    assert text.count("confusion, ") == text.count("confusion, device and host") == 1
    assert "unsealed" not in text


def test_different_matrices_are_printed_beside_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_accuracy(accuracy(DEVICE, split="test"), "no front_end.json beside the model")
    text = capsys.readouterr().out
    assert "confusion, device (" in text
    assert "confusion, host (" in text
    assert "answers   9 of 10 equal to the host's" in text
    assert "features of the training were sent (no front_end.json beside the model)" in text
    assert "the test split was unsealed" in text


def test_equal_inputs_are_not_said_to_differ_by_0(capsys: pytest.CaptureFixture[str]) -> None:
    found = SimpleNamespace(inputs=InputCheck(50, 0, 0), front_end_counts=())
    _print_inputs(found, "")  # type: ignore[arg-type]
    text = capsys.readouterr().out
    assert "50 of 50 elements equal to the training's\n" in text
    assert "differ" not in text


def test_samples_is_a_number_of_the_data_or_a_file() -> None:
    assert _number_or_file(None, None) == (None, None)
    assert _number_or_file("50", "words.yaml") == (50, None)
    assert _number_or_file("mine.npz", None) == (None, Path("mine.npz"))
    with pytest.raises(ConfigError, match="--samples 50: a number needs --data CONFIG"):
        _number_or_file("50", None)
    with pytest.raises(ConfigError, match="--samples 0: give at least 1"):
        _number_or_file("0", "words.yaml")
