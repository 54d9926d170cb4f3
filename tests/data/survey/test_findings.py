"""Each finding by a tiny data set that has just that fault, and none on a good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.config.schema import Option
from micronas.data.load import load_split, sealed
from micronas.data.survey import DataProblem, Weight, figures_of, findings_of

RNG = np.random.default_rng(0)
Arrays = dict[str, object]


def good() -> Arrays:
    """Two classes of 60 smooth streams (64, 2), 20 persons."""
    t = np.linspace(0, 6, 64)
    phase, y = RNG.uniform(0, 6, (120, 1, 2)), np.arange(120) % 2
    waves = 0.5 * np.sin(t[None, :, None] * (1 + 3 * y[:, None, None]) + phase)
    return {
        "x": (waves + 0.1 * RNG.standard_normal(waves.shape)).astype(np.float32),
        "y": y,
        "g": np.array([f"p{i // 6}" for i in range(120)]),
    }


def examined(path: Path, arrays: Arrays, **options: Option) -> tuple[DataProblem, ...]:
    np.savez(path / "a.npz", **arrays)  # type: ignore[arg-type]
    config = DataConfig(
        name="npz", path=path / "a.npz", options={"kind": "stream", "normalise": False, **options}
    )
    config = config.model_copy(update={"validation_share": 0.3, "test_share": 0.3})
    found = load_split(config)
    return findings_of(found, sealed(found, config))


def test_nothing_is_found_in_good_data(tmp_path: Path) -> None:
    assert examined(tmp_path, good(), groups="g") == ()


def test_damaged_files_that_are_left_out_on_purpose_are_a_warning(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **good())  # type: ignore[arg-type]
    config = DataConfig(name="npz", path=tmp_path / "a.npz", options={"kind": "stream", "groups": "g"})
    found = load_split(config)
    found = replace(found, samples=replace(found.samples, damaged=("a.wav (empty file)",)))
    (refused,) = (f for f in findings_of(found, sealed(found, config)) if f.topic == "damaged files")
    assert (refused.weight, refused.remedy) == (
        Weight.PROBLEM, "repair them, or set data.options.skip_bad: true to train without them",
    )  # fmt: skip
    every = findings_of(found, sealed(found, config), skip_bad=True)
    (skipped,) = (f for f in every if f.topic == "damaged files")
    assert (skipped.weight, skipped.text) == (Weight.WARNING, refused.text)


def test_figures_are_those_of_the_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **good())  # type: ignore[arg-type]
    config = DataConfig(name="npz", path=tmp_path / "a.npz", options={"kind": "stream", "groups": "g"})
    found = load_split(config)
    figures = figures_of(found, sealed(found, config))
    assert figures.samples == 120
    assert [c.total for c in figures.classes] == [60, 60]
    assert figures.groups is not None
    assert sum(figures.groups.values()) == 20
    assert figures.input_shape == (64, 1, 2)
    assert figures.majority_baseline == 0.5


def copied(arrays: Arrays) -> None:
    x: np.ndarray = arrays["x"]  # type: ignore[assignment,type-arg]
    x[2:40:2] = x[0]


def relabelled(arrays: Arrays) -> None:
    x: np.ndarray = arrays["x"]  # type: ignore[assignment,type-arg]
    x[1] = x[0]


def nearly_copied(arrays: Arrays) -> None:
    x: np.ndarray = arrays["x"]  # type: ignore[assignment,type-arg]
    x[2:40:2] = x[0] + 0.001 * RNG.standard_normal((19, 64, 2))


def imbalanced(arrays: Arrays) -> None:
    arrays["y"] = np.where(np.arange(120) % 12 == 0, 0, 1)


def swapped(arrays: Arrays) -> None:
    arrays["x"] = np.swapaxes(arrays["x"], 1, 2)  # type: ignore[arg-type]


def unscaled(arrays: Arrays) -> None:
    arrays["x"] = 500 * arrays["x"]  # type: ignore[operator]


def offset(arrays: Arrays) -> None:
    arrays["x"] = 0.02 * arrays["x"]  # type: ignore[operator]
    arrays["x"][:, 0, 0] = 1 + np.arange(120) / 120  # type: ignore[index]


def uneven(arrays: Arrays) -> None:
    arrays["x"] = arrays["x"] * np.array([1, 0.01])  # type: ignore[operator]


def still(arrays: Arrays) -> None:
    arrays["x"] = arrays["x"] * np.array([1, 0])  # type: ignore[operator]


def few_persons(arrays: Arrays) -> None:
    arrays["g"] = np.array([f"p{i // 20}" for i in range(120)])


@pytest.mark.parametrize(
    ("spoil", "weight", "words", "grouped"),
    [
        (copied, Weight.PROBLEM, "the same sample is in several splits: 0 (0, ", False),
        (relabelled, Weight.PROBLEM, "the same sample has several labels: 0 (0, ", False),
        (nearly_copied, Weight.PROBLEM, "of nearly equal samples in two splits", False),
        (imbalanced, Weight.WARNING, "class '1' has 110 samples, class '0' 10", False),
        (swapped, Weight.WARNING, "2 time steps and 64 channels", False),
        (unscaled, Weight.WARNING, "networks train badly on unscaled data", False),
        (offset, Weight.WARNING, "of int8's 256 steps", False),
        (uneven, Weight.WARNING, "one int8 scale does not suit all", False),
        (still, Weight.WARNING, "channels that never change: 1", False),
        (few_persons, Weight.WARNING, "in the validation split and", True),
    ],
)
def test_a_fault_is_found(
    tmp_path: Path, spoil: Callable[[Arrays], None], weight: Weight, words: str, grouped: bool
) -> None:
    arrays = good()
    spoil(arrays)
    findings = examined(tmp_path, arrays, **({"groups": "g"} if grouped else {}))
    (match,) = [finding for finding in findings if words in finding.text]
    assert match.weight is weight
    assert match.remedy


def test_a_sensor_at_rest_is_no_copy_of_itself(tmp_path: Path) -> None:
    arrays = good()
    arrays["x"] = np.array([0.1, 0.9]) + 0.001 * RNG.standard_normal((120, 64, 2))
    assert not [f for f in examined(tmp_path, arrays) if f.topic == "leakage"]


def test_near_copies_name_the_pair(tmp_path: Path) -> None:
    arrays = good()
    nearly_copied(arrays)
    (leak,) = [f for f in examined(tmp_path, arrays) if "nearly equal" in f.text]
    first = leak.text.partition(": ")[2].split("; ")[0]
    one, other = (int(words.split(" ")[0]) for words in first.split(" and "))
    assert {one, other} <= set(range(0, 40, 2))


def test_a_speaker_in_two_prepared_parts_is_a_leak(tmp_path: Path) -> None:
    pytest.importorskip("soundfile")
    from tests.support.recordings import write_words

    write_words(tmp_path / "train")
    write_words(tmp_path / "test", per_class=3)
    options: dict[str, Option] = {"clip_s": 0.5, "groups": "(amy[0-9])_"}
    config = DataConfig(name="audio_folder", path=tmp_path, options=options)
    found = load_split(config)
    texts = " / ".join(f.text for f in findings_of(found, sealed(found, config)) if f.topic == "leakage")
    assert "3 groups in more than one split: amy0, amy1, amy2" in texts
    assert (
        "the same sample is in several splits: test/high/amy0_0.wav (high, test) = train/high/amy0_0.wav"
        in texts
    )
