"""An export that fails says why, and leaves nothing that would block the next attempt."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from micronas.cli.export_results import export_results
from micronas.errors import ConfigError
from tests.support.report_run import make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "run", finished=False)


def no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_events_on_a_full_disk(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = pytest.importorskip("tensorboardX.event_file_writer")
    with monkeypatch.context() as patch:
        patch.setattr(module.EventsWriter, "flush", no_room)
        with pytest.raises(ConfigError, match=r"--tensorboard .*No space left"):
            export_results(run, tensorboard=tmp_path / "tb")
    assert list((tmp_path / "tb").iterdir()) == []
    export_results(run, tensorboard=tmp_path / "tb")


def test_a_table_on_a_full_disk(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    monkeypatch.setattr(pandas.DataFrame, "to_parquet", no_room)
    with pytest.raises(ConfigError, match=r"--parquet .*No space left"):
        export_results(run, parquet=tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_study_on_a_full_disk(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    optuna = pytest.importorskip("optuna")
    cause = Exception("database or disk is full")

    def full(*_: object) -> None:
        raise optuna.exceptions.StorageInternalError("An exception is raised during the commit.") from cause

    url = f"sqlite:///{tmp_path / 'study.db'}"
    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "add_trials", full)
        with pytest.raises(ConfigError, match="disk is full") as refusal:
            export_results(run, optuna=url)
    assert refusal.value.remedy is not None
    assert refusal.value.remedy.startswith("free disk space")
    assert list(tmp_path.iterdir()) == []
    export_results(run, optuna=url)


def test_a_storage_without_its_driver(run: Path) -> None:
    pytest.importorskip("optuna")
    if any(_installed(name) for name in ("psycopg2", "psycopg")):
        pytest.skip("a driver of PostgreSQL is installed")
    with pytest.raises(ConfigError, match="--optuna postgresql://a/b: ") as refusal:
        export_results(run, optuna="postgresql://a/b")
    assert "driver" in str(refusal.value)


def _installed(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is not None
