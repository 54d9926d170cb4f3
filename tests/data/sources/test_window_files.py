"""Windows in one file per channel, in the layout of UCI HAR's "Inertial Signals" (made-up values)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from micronas.cli.app import app
from micronas.config import DataConfig
from micronas.data import load
from micronas.data.load import load_split
from micronas.data.sources.recognise import recognise
from micronas.data.split import TEST
from micronas.errors import DataError

AXES = ("body_acc_x", "body_acc_y", "total_acc_x")
OPTIONS = {"signals": list(AXES), "rate_hz": 50, "hop": 8}


def write_uci(root: Path, subjects: int = 6) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Three classes; the persons of train and test are others. Returns the windows of each file by name."""
    rng, written = np.random.default_rng(0), {}
    (root / "activity_labels.txt").parent.mkdir(parents=True, exist_ok=True)
    (root / "activity_labels.txt").write_text("1 WALKING\n2 SITTING\n3 LAYING\n")
    for part, persons in (("train", range(subjects)), ("test", range(subjects, subjects + 2))):
        folder = root / part
        (folder / "Inertial Signals").mkdir(parents=True)
        y = np.tile([1, 2, 3], 4 * len(persons))
        (folder / f"y_{part}.txt").write_text("".join(f"{label}\n" for label in y))
        owners = np.repeat(list(persons), 12)
        (folder / f"subject_{part}.txt").write_text("".join(f"{person}\n" for person in owners))
        (folder / f"X_{part}.txt").write_text("1 2 3\n")  # the features of the archive, not read
        for axis in AXES:
            x = rng.normal(0, 1, (len(y), 16)).astype(np.float32)
            text = "".join("  " + "  ".join(f"{v: .7e}" for v in row) + "\n" for row in x)
            (folder / "Inertial Signals" / f"{axis}_{part}.txt").write_text(text)
            written[f"{axis}_{part}"] = x
    return written


def config(root: Path, **options: object) -> DataConfig:
    return DataConfig.model_validate({"name": "csv", "path": root, "options": {**OPTIONS, **options}})


def test_the_windows_are_those_of_the_files(tmp_path: Path) -> None:
    written = write_uci(tmp_path)
    found = load_split(config(tmp_path, normalise=False))
    x = found.samples.x[found.part == TEST]
    for channel, axis in enumerate(AXES):
        assert x[:, :, 0, channel] == pytest.approx(written[f"{axis}_test"], abs=1e-6)
    data = load(config(tmp_path))
    assert data.class_names == ("LAYING", "SITTING", "WALKING")
    assert data.input_shape == (16, 1, 3)
    assert data.sample_s == 8 / 50
    assert {data.group_names[i] for i in data.test.unseal("persons").groups} == {"6", "7"}
    assert not set(data.train.groups) & set(data.validation.groups)  # type: ignore[arg-type]
    assert "mean" in data.front_end.parameters


def test_the_check_of_data_reads_them(tmp_path: Path) -> None:
    write_uci(tmp_path / "har")
    options = "{signals: [body_acc_x, body_acc_y, total_acc_x], rate_hz: 50, hop: 8}"
    text = f"data: {{name: csv, path: {tmp_path / 'har'}, options: {options}}}\n"
    (tmp_path / "a.yaml").write_text(text)
    shown = CliRunner().invoke(app, ["data", str(tmp_path / "a.yaml")], catch_exceptions=False)
    assert "96 of 16 x 1 x 3 (stream)" in shown.stdout


def test_the_layout_is_recognised(tmp_path: Path) -> None:
    write_uci(tmp_path)
    found = recognise(tmp_path)
    assert (found.name, found.options) == ("csv", {"signals": sorted(AXES), "rate_hz": 50})
    assert load(found).input_shape == (16, 1, 3)


def test_files_in_one_folder_are_split_by_persons(tmp_path: Path) -> None:
    write_uci(tmp_path)
    data = load(config(tmp_path / "train"))
    assert data.class_names == ("1", "2", "3")
    assert not set(data.train.groups) & set(data.test.unseal("persons").groups)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: (root / "train/y_train.txt").unlink(), r"train: no file y_\*\.txt"),
        (lambda root: (root / "train/y_train.txt").write_text("1\n2\n"), "files differ in their lines"),
        (lambda root: (root / "train/y_train.txt").write_text("9\n" * 72), "names no class 9"),
        (
            lambda root: (root / "test/Inertial Signals/body_acc_x_test.txt").write_text("1 2\n1\n"),
            "body_acc_x_test.txt",
        ),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path: Path, change: object, message: str) -> None:
    write_uci(tmp_path)
    change(tmp_path)  # type: ignore[operator]
    with pytest.raises(DataError, match=message):
        load(config(tmp_path))


def test_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_uci(tmp_path)
    with pytest.raises(DataError, match=r"no file gyro_\*\.txt"):
        load(config(tmp_path, signals=["gyro"]))
    with pytest.raises(DataError, match="begin with 'body_acc'"):
        load(config(tmp_path, signals=["body_acc"]))
    with pytest.raises(DataError, match="no such options: 'window'"):
        load(config(tmp_path, window=3))
    with pytest.raises(DataError, match="from 1 to the 16 rows"):
        load(config(tmp_path, hop=17))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (b"1 WALKING\n2 SITTING\n", "activity_labels.txt names no class 3; it has 2 classes"),
        (b"1 WALKING\n2 SITTING\n3\n", "line 3 has no name: '3'"),
        (b"1 WALKING\n\n2 SITTING\n3 SITTING\n", "line 4 repeats a number or a name: '3 SITTING'"),
        (b"1 WALKING\n2 SITTING\n3 LAYING\n3 STANDING\n", "line 4 repeats a number or a name"),
        (b"1 \xff\n", "activity_labels.txt: 'utf-8'"),
    ],
)
def test_class_names_that_do_not_fit_the_labels_are_refused(
    tmp_path: Path, labels: bytes, message: str
) -> None:
    write_uci(tmp_path)
    (tmp_path / "activity_labels.txt").write_bytes(labels)
    with pytest.raises(DataError, match=message):
        load(config(tmp_path))


def test_a_class_without_a_window_is_noted(tmp_path: Path) -> None:
    write_uci(tmp_path)
    with (tmp_path / "activity_labels.txt").open("a") as file:
        file.write("4 JUMPING\n")
    data = load(config(tmp_path))
    assert data.class_names == ("LAYING", "SITTING", "WALKING")
    assert "classes of activity_labels.txt without a window: JUMPING" in data.notes
