"""A run whose folder, data or working directory moved is resumed, or the message says what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from micronas.config import parse_config
from micronas.errors import DataError
from micronas.search import new_run, prepare, stored_setup
from micronas.search.resume import Extension
from micronas.search.setup import Setup
from micronas.store import Store
from micronas.store.final_figures import files_in

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(-1, 1, (80, 32, 3)).astype(np.float32), np.arange(80) % 2


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``data/own.npz`` and ``runs/one``, whose search was started inside it."""
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    np.savez(project / "data" / "own.npz", x=X, y=Y)
    monkeypatch.chdir(project)
    data = {"name": "npz", "path": "data/own.npz", "options": {"kind": "stream"}}
    config = parse_config({"board": "nucleo_f446re", "device": "none", "data": data})
    with new_run(prepare(config), Path("runs/one")):
        pass
    return project


def resumed(run: Path, data_path: Path | None = None) -> Setup:
    with Store.resume(run) as store:
        return stored_setup(store, Extension(data_path=data_path))


def test_from_another_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert resumed(project / "runs" / "one").config.data.path == project / "data" / "own.npz"


def test_the_run_folder_moved(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.move(project / "runs" / "one", project.parent / "elsewhere")
    monkeypatch.chdir("/")
    assert resumed(project.parent / "elsewhere").config.data.path == project / "data" / "own.npz"


def test_run_and_data_moved_together(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    moved = Path(shutil.move(project, project.parent / "renamed"))
    assert resumed(moved / "runs" / "one").config.data.path == moved / "data" / "own.npz"


def test_data_beside_the_new_working_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = project.parent / "other"
    other.mkdir()
    shutil.move(project / "data", other / "data")
    monkeypatch.chdir(other)
    assert resumed(project / "runs" / "one").dataset.digest


def test_missing_data_are_one_message_whose_remedy_works(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, there = project / "runs" / "one", project.parent / "there.npz"
    shutil.move(project / "data" / "own.npz", there)
    monkeypatch.chdir("/")
    with pytest.raises(DataError) as refusal:
        resumed(run)
    assert "the data of run one are missing" in refusal.value.message
    for path in (project / "data" / "own.npz", Path("/data/own.npz")):
        assert str(path) in refusal.value.message
    assert "--set data.path=PATH" in str(refusal.value.remedy)
    with pytest.raises(DataError, match="no such file or folder"):
        resumed(run, project / "nowhere.npz")
    assert resumed(run, there).config.data.path == there
    assert resumed(run).config.data.path == there, "the new place is kept"


def test_the_files_of_a_result_are_those_of_the_folder_it_is_in() -> None:
    files = files_in(Path("now/best"), {"tflite": "runs/one/best/model.tflite", "c": "runs/one/best/c"})
    assert files == {"tflite": "now/best/model.tflite", "c": "now/best/c"}
