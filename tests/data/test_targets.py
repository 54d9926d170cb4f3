"""Regressions: targets from CSV, arrays and objects, their split, scaling, and every bad target by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from micronas.api.arrays import from_arrays
from micronas.config import DataConfig
from micronas.config.schema import Option
from micronas.data import DataKind, Dataset, Task, load
from micronas.data.constant import constant_errors
from micronas.data.load import load_split, sealed
from micronas.data.sources.recognise import Kind, recognise
from micronas.data.survey import figures_of, findings_of
from micronas.data.targets import bands
from micronas.errors import DataError
from tests.support.paths import REPOSITORY
from tests.support.recordings import write_csv

RATE_HZ, WINDOW = 10, 5
PERSONS = 8


def columns(person: int, rows: int = 50) -> dict[str, object]:
    """A stream whose target rises by 1 per row from 100 x person; the input is its tenth."""
    target = 100.0 * person + np.arange(rows)
    return {
        "time": [f"{i / RATE_HZ:.2f}" for i in range(rows)],
        "a": (target / 10).tolist(),
        "load": target.tolist(),
        "person": f"p{person}",
    }


def write_loads(root: Path, change: Callable[[dict[str, object]], object] = lambda c: None) -> Path:
    """One CSV file per person; ``change`` is applied to that of person 3."""
    for person in range(PERSONS):
        made = columns(person)
        if person == 3:
            change(made)
        write_csv(root / f"p{person}.csv", made)
    return root


def from_csv(path: Path, **options: Option) -> Dataset:
    pytest.importorskip("pandas", reason="pandas is not installed")
    given: dict[str, Option] = {"target": "load", "groups": "person", "time": "time", "window": WINDOW}
    return load(DataConfig(name="csv", path=path, options={**given, **options}))


def parts(data: Dataset) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Inputs in the unit of the file and targets of all parts, joined."""
    splits = (data.train, data.validation, data.test.unseal("a test"))
    return np.concatenate([s.x for s in splits]), np.concatenate([s.targets for s in splits])  # type: ignore[misc]


@pytest.mark.parametrize(("at", "row"), [("end", WINDOW - 1), ("mean", (WINDOW - 1) / 2)])
def test_the_target_of_a_window_is_that_of_its_last_row_or_the_mean(
    tmp_path: Path, at: str, row: float
) -> None:
    data = from_csv(write_loads(tmp_path), target_at=at, unit="N", normalise=False)
    assert data.task is Task.REGRESS
    assert (data.class_names, data.n_outputs, data.figure) == ((), 1, "R2")
    assert data.input_shape == (WINDOW, 1, 1)
    x, targets = parts(data)
    assert len(targets) == PERSONS * 10
    assert targets == pytest.approx(10 * x[:, 0, 0, 0] + row)
    assert data.target is not None
    assert str(data.target) == "load in N"
    assert not set(data.train.groups) & set(data.validation.groups)  # type: ignore[arg-type]


def test_gaps_and_uneven_time_stamps_move_the_target_with_the_inputs(tmp_path: Path) -> None:
    def uneven(c: dict[str, object]) -> None:
        seconds = np.arange(50) / RATE_HZ
        c["time"] = [f"{t:.3f}" for t in seconds + 0.03 * (np.arange(50) % 2)]

    data = from_csv(write_loads(tmp_path, uneven), normalise=False)
    assert any("interpolated" in note for note in data.notes)
    x, targets = parts(data)
    assert targets == pytest.approx(10 * x[:, -1, 0, 0], rel=1e-5)


def test_the_network_learns_standardised_targets_and_the_way_back_is_kept(tmp_path: Path) -> None:
    data = from_csv(write_loads(tmp_path))
    assert data.target is not None
    assert data.train.targets is not None
    learned = data.learned(data.train)
    assert learned.dtype == np.float32
    assert (learned.mean(), learned.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=1e-5))
    assert (data.target.mean, data.target.spread) == (data.train.targets.mean(), data.train.targets.std())
    assert data.target.in_unit(learned) == pytest.approx(data.train.targets, rel=1e-5)
    assert data.target.in_unit(learned[:, np.newaxis]) == pytest.approx(data.train.targets, rel=1e-5)


def empty(c: dict[str, object]) -> None:
    c["load"][7] = ""  # type: ignore[index]


def text(c: dict[str, object]) -> None:
    c["load"][4] = "high"  # type: ignore[index]


def infinite(c: dict[str, object]) -> None:
    c["load"][0] = "inf"  # type: ignore[index]


def test_a_target_of_text_in_every_file_is_named(tmp_path: Path) -> None:
    made = columns(0)
    write_csv(tmp_path / "p0.csv", {**made, "load": ["high"] * 50})
    with pytest.raises(
        DataError, match=r"no CSV file can be read: p0\.csv .*'load' is not a number"
    ) as refused:
        from_csv(tmp_path, skip_bad=True)
    assert "data.options" in str(refused.value.remedy)


@pytest.mark.parametrize(
    ("change", "said"),
    [(empty, r"line 9 \(empty or NaN\)"), (text, r"line 6 \('high'\)"), (infinite, "line 2")],
)
def test_a_bad_target_is_named_with_its_file_and_line(
    tmp_path: Path, change: Callable[[dict[str, object]], None], said: str
) -> None:
    with pytest.raises(DataError, match=rf"p3\.csv .*target 'load' is not a number in 1 row: {said}"):
        from_csv(write_loads(tmp_path, change))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"label": "person"}, "'target' and 'label': a regression has no classes"),
        ({"normal": "rest"}, "'target' and 'normal'"),
        ({"target_at": "start"}, "'target_at' must be one of end, mean"),
        ({"columns": ["load"]}, "column 'load' is the target and cannot be an input"),
        ({"target": "force"}, "no column 'force'"),
        ({"pattern": "(?P<label>p)"}, "finds labels, and a regression has no classes"),
        ({"target": "", "label": "person", "unit": "N"}, "'unit' is for a regression, and no target"),
    ],
    ids=str,
)
def test_options_that_contradict_each_other_are_refused(
    tmp_path: Path, options: dict[str, Option], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        from_csv(write_loads(tmp_path), **options)


def arrays(**changed: object) -> dict[str, object]:
    rng = np.random.default_rng(0)
    y = rng.normal(20.0, 5.0, 60)
    x = (y[:, None, None] / 30 + 0.1 * rng.standard_normal((60, 8, 2))).astype(np.float32)
    return {"x": x, "y": y.astype(np.float32), "g": np.arange(60) // 3, **changed}


def from_npz(folder: Path, metric: str | None = None, **changed: object) -> Dataset:
    np.savez(folder / "a.npz", **arrays(**changed))  # type: ignore[arg-type]
    options: dict[str, Option] = {"kind": "stream", "target": "y", "unit": "degC", "groups": "g"}
    return load(DataConfig(name="npz", path=folder / "a.npz", options=options, metric=metric))


def test_arrays_and_objects_give_the_same_regression(tmp_path: Path) -> None:
    data, given = from_npz(tmp_path), arrays()
    source = from_arrays(
        given["x"],  # type: ignore[arg-type]
        given["y"],  # type: ignore[arg-type]
        kind=DataKind.STREAM,
        groups=given["g"],  # type: ignore[arg-type]
        target="y",
        unit="degC",
    )
    samples = source(DataConfig())
    assert samples.targets == pytest.approx(given["y"])  # type: ignore[arg-type]
    split = load_split(
        DataConfig(name="npz", path=tmp_path / "a.npz", options={"kind": "stream", "target": "y"})
    )
    assert np.array_equal(split.samples.y, samples.y)
    assert len(data.train) + len(data.validation) + len(data.test) == 60


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"y": np.where(np.arange(60) == 5, np.nan, 1.0 * np.arange(60))}, "NaN or infinite in 1 sample: 5"),
        ({"y": np.full(60, 2.5)}, "'y' is 2.5 in every sample, so there is nothing to learn"),
        ({"y": np.array(["low", "high"] * 30)}, "not a number .the first is 'low'"),
        ({"y": np.ones((60, 2))}, r"shape \(60, 2\): one number per sample"),
        ({"y": np.ones(59)}, "arrays differ in length"),
    ],
    ids=["nan", "constant", "text", "two", "length"],
)
def test_bad_arrays_of_targets_are_refused_by_name(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        from_npz(tmp_path, **changed)


def test_what_only_classes_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.metric macro_f1 is for classes"):
        from_npz(tmp_path, metric="macro_f1")
    with pytest.raises(DataError, match="class_names and target"):
        from_arrays(np.zeros((4, 3, 1)), np.arange(4.0), class_names=["a"], target="load")
    with pytest.raises(DataError, match="one number per sample"):
        from_arrays(np.zeros((4, 3, 1)), np.ones((4, 2)), target="load")


def test_a_part_of_one_target_is_refused(tmp_path: Path) -> None:
    y = np.where(np.arange(60) < 57, 3.0, 4.0)  # one group has all other targets
    with pytest.raises(DataError, match=r"part has 1 different target, and at least 2 are needed"):
        from_npz(tmp_path, y=y)


def test_bands_have_equal_shares_and_few_values_give_few_bands() -> None:
    y, names = bands(np.arange(100.0), "N")
    assert np.bincount(y).tolist() == [20] * 5
    assert names[0] == "0 to 19 N"
    y, names = bands(np.repeat([1.0, 2.0], 50), "")
    assert np.bincount(y).tolist() == [50, 50]
    assert names == ("1 to 1", "2 to 2")


def test_the_same_samples_with_other_targets_are_other_data(tmp_path: Path) -> None:
    first = from_npz(tmp_path).digest
    assert from_npz(tmp_path).digest == first
    assert from_npz(tmp_path, y=np.asarray(arrays()["y"]) * 1.0001).digest != first


def examined(folder: Path, **changed: object) -> dict[str, str]:
    np.savez(folder / "a.npz", **arrays(**changed))  # type: ignore[arg-type]
    options: dict[str, Option] = {"kind": "stream", "target": "y", "unit": "N"}
    config = DataConfig(name="npz", path=folder / "a.npz", options=options)
    found = load_split(config)
    return {f.topic: f.text for f in findings_of(found, sealed(found, config))}


def test_outliers_few_values_and_contradicting_targets_are_found(tmp_path: Path) -> None:
    y = np.asarray(arrays()["y"])
    assert not {"outliers", "few targets", "contradicting targets", "imbalance"} & set(examined(tmp_path))
    far = np.where(np.arange(60) == 7, 500.0, y)
    assert "7 (500 N" in examined(tmp_path, y=far)["outliers"]
    assert "only 4 different" in examined(tmp_path, y=np.arange(60) % 4)["few targets"]
    x = np.array(arrays()["x"])
    x[1] = x[0]
    assert "several targets" in examined(tmp_path, x=x)["contradicting targets"]


def test_the_constant_to_beat_is_the_training_mean(tmp_path: Path) -> None:
    data = from_npz(tmp_path)
    assert data.train.targets is not None
    assert data.validation.targets is not None
    errors = data.validation.targets - data.train.targets.mean()
    found = constant_errors(data, data.validation)
    assert found is not None
    assert found.mae == pytest.approx(np.abs(errors).mean())
    assert found.rmse == pytest.approx(np.sqrt(np.mean(errors**2)))
    config = DataConfig(name="npz", path=tmp_path / "a.npz", options={"kind": "stream", "target": "y"})
    split = load_split(config)
    figures = figures_of(split, sealed(split, config))
    assert figures.target is not None
    assert figures.samples == 60
    assert constant_errors(replace(data, target=None), data.validation) is None


def test_init_finds_the_target_by_its_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **arrays())  # type: ignore[arg-type]
    found = recognise(tmp_path / "a.npz", Kind.REGRESSION)
    assert found.options == {"kind": "stream", "x": "x", "target": "y"}
    write_csv(tmp_path / "a.csv", {"t": [0, 1], "a": [1, 2], "target": [1.5, 2.5], "user": ["a", "b"]})
    found = recognise(tmp_path / "a.csv", Kind.REGRESSION)
    assert found.options == {"target": "target", "groups": "user", "time": "t"}
    write_csv(tmp_path / "b.csv", {"a": [1, 2], "b": [1, 2]})
    with pytest.raises(DataError, match="no column of targets among a, b"):
        recognise(tmp_path / "b.csv", Kind.REGRESSION)


def test_the_configuration_of_the_guide_reads_the_file_that_it_shows(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    page = (REPOSITORY / "docs" / "guides" / "data.md").read_text(encoding="utf-8")
    (block,) = (b for b in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "target:" in b)
    header = re.findall(r"# (\S+)$", block, re.MULTILINE)[0].split(",")
    rows = np.arange(3000)
    made: dict[str, object] = {name: np.sin(rows * (i + 1)).tolist() for i, name in enumerate(header)}
    made |= {"time": [f"{i / 50:.2f}" for i in rows], "person": [f"p{i // 300}" for i in rows]}
    given = yaml.safe_load(block)["data"]
    path = write_csv(tmp_path / given["path"], made)
    data = load(DataConfig(**{**given, "path": path}))
    assert str(data.target) == "speed in km/h"
    assert data.input_shape == (100, 1, 3)


def test_walking_speed_is_always_the_same_and_says_that_it_is_synthetic() -> None:
    data = load(DataConfig(name="walking_speed"))
    assert data.input_shape == (100, 1, 3)
    assert data.digest == load(DataConfig(name="walking_speed")).digest
    assert any("generated by a formula" in note for note in data.notes)
    assert not set(data.train.groups) & set(data.validation.groups)  # type: ignore[arg-type]
    # The speed is neither obvious nor hidden: the strength of the steps alone explains most of it.
    assert data.train.targets is not None
    strength = data.train.x.std(axis=1).reshape(len(data.train), -1).max(axis=1)
    assert 0.7 < np.corrcoef(strength, data.train.targets)[0, 1] ** 2 < 0.95
