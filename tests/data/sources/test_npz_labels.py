"""Labels, groups, folds and choices of samples as people store them in .npz files: right, or one message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.config.schema import Option
from micronas.data import Dataset, load
from micronas.errors import DataError

X = np.random.default_rng(0).random((60, 6, 5)).astype(np.float32)
Y = np.arange(60) % 3


def loaded(path: Path, arrays: dict[str, object], **options: Option) -> Dataset:
    np.savez(path / "a.npz", **{"x": X, "y": Y, **arrays})  # type: ignore[arg-type]
    return load(DataConfig(name="npz", path=path / "a.npz", options=options))


def labels(data: Dataset) -> list[int]:
    test = data.test.unseal("to gather the labels of all parts")
    return sorted([*data.train.y.tolist(), *data.validation.y.tolist(), *test.y.tolist()])


@pytest.mark.parametrize(
    ("stored", "names"),
    [
        (np.array(["ant", "bee", "cat"])[Y], ("ant", "bee", "cat")),
        (np.array([b"ant", b"bee", b"cat"])[Y], ("ant", "bee", "cat")),
        (np.eye(3)[Y], ("0", "1", "2")),
        (np.eye(3, dtype=bool)[Y], ("0", "1", "2")),
        (Y + 1, ("1", "2", "3")),
        (Y.astype(np.float32), ("0", "1", "2")),
        (Y.astype(np.uint8), ("0", "1", "2")),
    ],
)
def test_labels_of_every_form_are_the_same_classes(
    tmp_path: Path, stored: object, names: tuple[str, ...]
) -> None:
    data = loaded(tmp_path, {"y": stored})
    assert data.class_names == names
    assert labels(data) == sorted(Y.tolist())
    plain = loaded(tmp_path, {})
    assert np.array_equal(data.train.x, plain.train.x)


def test_names_from_one_are_those_of_their_numbers(tmp_path: Path) -> None:
    data = loaded(tmp_path, {"y": Y + 1, "c": ["ant", "bee", "cat"]}, classes="c")
    assert data.class_names == ("ant", "bee", "cat")
    assert "labels 1 to 3 count from 1: class 0 is 'ant'" in data.notes
    with pytest.raises(DataError, match=r"fewer than two samples: 'zero' \(0\)"):
        loaded(tmp_path, {"y": Y + 1, "c": ["zero", "ant", "bee", "cat"]}, classes="c")


@pytest.mark.parametrize(
    "groups",
    [
        np.array([f"person {i // 5}" for i in range(60)]),
        np.array([f"person {i // 5}".encode() for i in range(60)]),
        (np.arange(60) // 5).astype(np.float64) / 2,
        (np.arange(60) // 5).astype(np.uint8),
    ],
)
def test_groups_of_any_type_stay_together(tmp_path: Path, groups: np.ndarray) -> None:  # type: ignore[type-arg]
    data = loaded(tmp_path, {"g": groups}, groups="g")
    assert len(data.group_names) == 12
    assert not set(data.train.groups) & set(data.validation.groups)  # type: ignore[arg-type]


def test_folds_may_be_names(tmp_path: Path) -> None:
    data = loaded(tmp_path, {"f": np.array(["one", "two", "three", "four"])[np.arange(60) // 15]}, fold="f")
    assert (len(data.train), len(data.validation), len(data.test)) == (30, 15, 15)
    assert data.group_names == ()


@pytest.mark.parametrize(
    "keep", [np.arange(60) < 48, (np.arange(60) < 48).astype(np.uint8), np.arange(47, -1, -1)]
)
def test_keep_is_a_mask_or_a_list_of_numbers(tmp_path: Path, keep: object) -> None:
    data = loaded(tmp_path, {"k": keep}, keep="k")
    assert labels(data) == sorted(Y[:48].tolist())
    assert data.notes == ("12 samples excluded by 'k'",)


@pytest.mark.parametrize(
    ("arrays", "options", "words"),
    [
        ({"y": Y[:59]}, {}, "arrays differ in length: x 60, y 59"),
        ({"g": np.zeros(61)}, {"groups": "g"}, "arrays differ in length: g 61, x 60, y 60"),
        ({"f": np.zeros(3)}, {"fold": "f"}, "arrays differ in length: f 3, x 60, y 60"),
        ({"k": np.array([0, 60])}, {"keep": "k"}, "'k' selects samples 0 to 60, outside 0 to 59"),
        ({"k": np.zeros(60)}, {"keep": "k"}, "no samples"),
        (
            {"k": np.full(60, 0.5)},
            {"keep": "k"},
            "'k' (float64, shape (60,)) does not select from 60 samples",
        ),
        (
            {"y": np.array(["ant", "bee", "cat"])[Y], "c": ["ant", "bee"]},
            {"classes": "c"},
            "labels cat are not among",
        ),
        ({"c": ["ant", "ant", "bee"]}, {"classes": "c"}, "duplicate class names: ant"),
        ({"c": ["ant", "bee"]}, {"classes": "c"}, "labels 2 outside 0..1"),
        ({}, {"kind": "audio"}, "kind audio needs int16 clips"),
        ({}, {"kind": "imgae"}, "must be one of image, spectrogram, stream, audio"),
        ({}, {"rate_hz": 8000}, "'rate_hz' is for kind audio, not image"),
        ({}, {"classes": ["a", "b"]}, "'classes' must be a text"),
    ],
)
def test_what_does_not_fit_is_one_message(
    tmp_path: Path, arrays: dict[str, object], options: dict[str, Option], words: str
) -> None:
    with pytest.raises(DataError) as error:
        loaded(tmp_path, arrays, **options)
    assert words in str(error.value)


def test_the_path_may_name_an_environment_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    config = DataConfig(name="npz", path=Path("$MY_SETS/a.npz"))
    monkeypatch.setenv("MY_SETS", str(tmp_path))
    assert load(config).n_classes == 3
    monkeypatch.delenv("MY_SETS")
    with pytest.raises(DataError, match="names an environment variable that is not set"):
        load(config)
