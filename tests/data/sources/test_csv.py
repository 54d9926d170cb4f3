"""Sensor streams in CSV files: columns, labels, persons, time stamps with gaps, windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.config.schema import Option
from micronas.data import DataKind, Dataset, load
from micronas.data.sources.csv_streams import load_csv
from micronas.data.sources.stream_windows import Counts, Recording, Stretch, at_rate, stretches
from micronas.errors import DataError
from tests.support.recordings import motion, write_activities, write_csv

pytest.importorskip("pandas", reason="pandas is not installed")

OWN: dict[str, Option] = {"label": "activity", "groups": "subject", "time": "time", "window": 50}


def loaded(path: Path, **options: Option) -> Dataset:
    return load(DataConfig(name="csv", path=path, options=options))


def size(data: Dataset) -> int:
    return len(data.train) + len(data.validation) + len(data.test)


def test_one_file_with_labels_persons_and_time_stamps(tmp_path: Path) -> None:
    data = loaded(write_activities(tmp_path / "a.csv"), **OWN)
    assert data.kind is DataKind.STREAM
    assert data.class_names == ("rest", "walk")
    assert data.input_shape == (50, 1, 3)
    assert size(data) == 6 * 2 * 8
    assert data.group_names == tuple(f"s0{i}" for i in range(6))
    assert data.front_end.parameters["rate_hz"] == pytest.approx(50)
    assert not set(data.train.groups) & set(data.validation.groups)  # type: ignore[arg-type]
    assert data.notes == ("time stamps: 50 Hz; windows of 50 rows are 1 s",)


def test_channels_are_normalised_by_the_training_part_and_that_is_recorded(tmp_path: Path) -> None:
    data = loaded(write_activities(tmp_path / "a.csv"), **OWN)
    assert data.train.x.mean(axis=(0, 1, 2)) == pytest.approx(0, abs=1e-5)
    assert data.train.x.std(axis=(0, 1, 2)) == pytest.approx(0.25, abs=1e-5)
    mean, spread = data.front_end.parameters["mean"], data.front_end.parameters["spread"]
    assert mean[2] == pytest.approx(9.5, abs=0.2)  # type: ignore[index]
    raw = loaded(tmp_path / "a.csv", **OWN, normalise=False)
    restored = data.train.x * np.float32(spread) + np.float32(mean)
    assert np.abs(restored - raw.train.x).max() < 1e-4


def test_label_and_person_from_the_names_of_the_files(tmp_path: Path) -> None:
    for subject in range(4):
        for label, hz in (("rest", 0.1), ("walk", 2.0)):
            axes = motion(200, hz, seed=subject)
            write_csv(tmp_path / f"{label}_p{subject}.csv", {"x": axes[:, 0], "y": axes[:, 1]})
    data = loaded(tmp_path, pattern="(?P<label>[a-z]+)_(?P<subject>p[0-9])", window=40, hop=20)
    assert data.class_names == ("rest", "walk")
    assert data.group_names == ("p0", "p1", "p2", "p3")
    assert size(data) == 8 * 9


def test_class_folders_and_whole_files_as_groups(tmp_path: Path) -> None:
    for label, hz in (("rest", 0.1), ("walk", 2.0)):
        for i in range(4):
            axes = motion(200, hz, seed=i + 10 * len(label))
            write_csv(tmp_path / label / f"{i}.csv", {"x": axes[:, 0], "y": axes[:, 1]})
    (tmp_path / "rest" / "notes.md").write_text("by hand")
    data = loaded(tmp_path, window=40)
    assert "no groups are named: the windows of a file stay in one split" in data.notes
    assert "1 file of other kinds skipped: rest/notes.md" in data.notes
    assert not set(data.train.groups) & set(data.validation.groups)  # type: ignore[arg-type]


def test_train_and_test_files_are_the_split(tmp_path: Path) -> None:
    write_activities(tmp_path / "train.csv")
    write_activities(tmp_path / "test.csv", subjects=2)
    data = loaded(tmp_path, **{**OWN, "groups": "subject"})
    test = data.test.unseal("to compare with the files")
    assert {name.split(" ")[0] for name in test.origins} == {"test.csv"}
    assert {name.split(" ")[0] for name in data.validation.origins} == {"train.csv"}


def test_a_file_without_header_and_with_semicolons_at_its_ends(tmp_path: Path) -> None:
    """The form of WISDM's raw file: user,activity,nanoseconds,x,y,z; and a damaged line."""
    lines = []
    for user in range(6):
        for activity, hz in (("Jogging", 3.0), ("Sitting", 0.1)):
            for i, (x, y, z) in enumerate(motion(120, hz, 20, seed=user)):
                stamp = 49105962326000 + user * 10**12 + i * 50_000_000
                lines.append(f"{user},{activity},{stamp},{x:.3f},{y:.3f},{z:.3f};")
    lines.insert(7, "0,Jogging,49106000000000,1.0,2.0,3.0,4.0;")
    lines[20] += lines.pop(21)  # two records on a line
    lines[30] = lines[30].replace(";", ",;")
    lines[40] = ""
    assert lines[129].startswith("0,Sitting")
    lines[129] = lines[129].rpartition(",")[0] + ","  # no z, and no semicolon
    (tmp_path / "raw.txt").write_text("\n".join(lines))
    options: dict[str, Option] = {
        "names": ["user", "activity", "ns", "x", "y", "z"],
        "columns": ["x", "y", "z"],
        "label": "activity",
        "groups": "user",
        "time": "ns",
        "time_unit": "ns",
        "window_s": 2.0,
    }
    with pytest.raises(DataError, match=r"raw.txt \(.*line 8"):
        loaded(tmp_path / "raw.txt", **options)
    data = loaded(tmp_path / "raw.txt", **options, skip_bad=True)
    assert data.input_shape == (40, 1, 3)
    assert data.class_names == ("Jogging", "Sitting")
    assert size(data) == 6 * 2 * 3  # a single missing row is interpolated
    assert "raw.txt: 1 line skipped" in data.notes
    assert "raw.txt: 1 line of several records divided" in data.notes
    assert "1 row with missing values skipped" in data.notes


def recording(seconds: list[float]) -> Recording:
    rows = len(seconds)
    values = np.arange(rows, dtype=float)[:, np.newaxis]
    return Recording("r", values, np.full(rows, "a"), np.full(rows, ""), np.array(seconds))


def test_gaps_double_stamps_and_jumps_back_end_a_stretch_and_are_counted() -> None:
    counts = Counts()
    found = stretches(recording([0, 1, 2, 2, 3, 20, 21, 5, 6, 7, np.nan]), 1.0, counts)
    assert [s.values[:, 0].tolist() for s in found] == [[0, 1, 2, 4], [5, 6], [7, 8, 9]]
    assert [s.first_row for s in found] == [0, 5, 7]
    assert {what: n for what, n in counts.rows.items() if n} == {
        "with missing values skipped": 1,
        "with the time stamp of the row before skipped": 1,
        "after a gap in time": 1,
        "after a jump back in time": 1,
    }


def test_labels_and_missing_rows_end_a_stretch_without_time_stamps() -> None:
    values = np.array([[0.0], [1], [np.nan], [3], [4], [5]])
    stream = replace(recording([0] * 6), values=values, labels=np.array(list("aaaabb")), seconds=None)
    assert [s.values[:, 0].tolist() for s in stretches(stream, None, Counts())] == [[0, 1], [3], [4, 5]]


def test_uneven_time_stamps_are_interpolated_by_hand() -> None:
    stretch = Stretch("r", 0, np.array([[0.0], [10], [40]]), "a", "", np.array([5.0, 6.0, 9.0]))
    values, changed = at_rate(stretch, 1.0)
    assert changed
    assert values[:, 0].tolist() == [0, 10, 20, 30, 40]
    steady = Stretch("r", 0, np.array([[0.0], [10]]), "a", "", np.array([5.0, 6.001]))
    assert at_rate(steady, 1.0)[1] is False


def test_dates_are_time_stamps_too(tmp_path: Path) -> None:
    axes = motion(200, 2.0)
    for number, label in enumerate(("a", "b")):
        for i in range(3):
            stamps = [f"2026-03-01T10:0{i}:{s // 10:02d}.{s % 10}00Z" for s in range(200)]
            columns: dict[str, object] = {"when": stamps, "x": axes[:, 0] + number + i, "y": axes[:, 1]}
            write_csv(tmp_path / label / f"{i}.csv", columns)
    data = loaded(tmp_path, time="when", window_s=2)
    assert data.input_shape == (20, 1, 2)


def test_windows_of_one_recording_in_several_splits_are_a_warning(tmp_path: Path) -> None:
    for number, label in enumerate(("a", "b")):
        write_csv(tmp_path / label / "all.csv", {"x": motion(900, 2.0, seed=number)[:, 0]})
    data = loaded(tmp_path, window=30)
    assert any("makes accuracy look better than it is" in note for note in data.notes)


def _rows(**changes: object) -> dict[str, object]:
    return {"time": range(300), "x": motion(300, 1.0)[:, 0], "label": ["a"] * 150 + ["b"] * 150, **changes}


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        (_rows(), {"label": "labl"}, "no column 'labl'; it has time, x, label"),
        (_rows(), {}, "the class of a row is not known"),
        (_rows(x=["fast"] * 300), {"label": "label", "time": "time"}, "no numeric columns"),
        (_rows(time=["soon"] * 300), {"label": "label", "time": "time"}, "neither numbers nor dates"),
        (
            _rows(),
            {"label": "label", "window": 500},
            "is as long as a window of 500 rows; the longest has 150",
        ),
        (_rows(), {"label": "label", "window": 0}, "a window of 0 rows every 0 rows"),
        (_rows(), {"label": "label", "window_s": 1}, "needs a rate: no time stamps were read"),
        (_rows(), {"label": "label", "window_s": 1, "window": 9}, "not both"),
        (_rows(), {"label": "label", "classes": ["a"]}, "labels b are not in data.options.classes"),
        (_rows(), {"pattern": "one"}, "has no named group"),
        (_rows(), {"pattern": "(?P<label>two)"}, "matches no part of its name"),
        (_rows(), {"label": "label", "time_unit": "h"}, "must be one of s, ms, us, ns"),
    ],
)
def test_files_and_options_that_cannot_be_are_refused(
    tmp_path: Path, columns: dict[str, object], options: dict[str, Option], words: str
) -> None:
    path = write_csv(tmp_path / "one.csv", columns)
    with pytest.raises(DataError) as error:
        loaded(path, **options)
    assert words in str(error.value)


def test_a_remedy_that_would_skip_every_file_is_not_given(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", {"x": [1.0, 2.0], "label": ["a", "b"]})
    with pytest.raises(DataError, match="no CSV file can be read") as error:
        loaded(path, target="gone")
    assert "skip_bad" not in str(error.value)
    path.write_text("x,label\n" + "1,a\n2,a\n" * 150 + "1,2,3,b\n" + "1,b\n3,b\n" * 150)
    with pytest.raises(DataError, match="1 file cannot be used") as error:
        loaded(path, label="label", window=10)
    assert "skip_bad: true" in str(error.value)
    loaded(path, label="label", window=10, skip_bad=True)


def test_every_bad_file_is_named_at_once(tmp_path: Path) -> None:
    for i in range(3):
        write_csv(tmp_path / "a" / f"{i}.csv", {"x": [1.0, 2.0], "y": [1.0, 2.0]})
    (tmp_path / "a" / "3.csv").write_text("")
    (tmp_path / "a" / "4.csv").write_bytes(b"\x00\x01\x02")
    (tmp_path / "a" / "5.csv").write_text("x,y\n")
    with pytest.raises(DataError) as error:
        loaded(tmp_path, window=2)
    for words in ("a/3.csv (empty file)", "a/4.csv (not a text file)", "a/5.csv (no rows)"):
        assert words in str(error.value)


def test_files_with_different_columns_are_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "a" / "0.csv", {"x": [1.0, 2.0], "y": [1.0, 2.0]})
    write_csv(tmp_path / "b" / "0.csv", {"x": [1.0, 2.0]})
    with pytest.raises(DataError, match="different numeric columns: x; x, y"):
        loaded(tmp_path, window=2)


def test_a_column_that_one_cell_makes_text_is_named_in_a_note(tmp_path: Path) -> None:
    rows = [f"{0.02 * row:.2f},{row % 7},{row % 5},walk,ok" for row in range(400)]
    rows[9] = rows[9].replace(",2,", ",1.2.3,")
    (tmp_path / "a.csv").write_text("\n".join(["t,ax,ay,activity,remark", *rows]))
    options: dict[str, Option] = {"label": "activity", "time": "t", "window": 20}
    samples = load_csv(DataConfig(name="csv", path=str(tmp_path / "a.csv"), options=options))
    assert samples.x.shape[1:] == (20, 1, 1)
    (note,) = [note for note in samples.notes if "left out" in note]
    assert "ax ('1.2.3'), remark ('ok')" in note
    options["columns"] = ["ax", "ay"]
    samples = load_csv(DataConfig(name="csv", path=str(tmp_path / "a.csv"), options=options))
    assert samples.x.shape[1:] == (20, 1, 2)
    assert not [note for note in samples.notes if "left out" in note]
    assert "1 row with missing values skipped" in samples.notes
