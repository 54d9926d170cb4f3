"""The run folder: what is written comes back, two writers never meet, damage is said."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from micronas.errors import StoreError
from micronas.store import DATABASE, Final, Store
from micronas.store.run_file import damaged
from micronas.trial import Outcome
from tests.support.paths import REPOSITORY
from tests.support.stored_trials import SCORES, complete, failed


@pytest.fixture
def store(tmp_path: Path) -> Store:
    with Store.create(tmp_path / "run", {"seed": 3, "config": {"seed": 3}}) as store:
        store.begin_session()
        yield store


def test_trials_come_back_as_they_went_in(store: Store, tmp_path: Path) -> None:
    store.add(failed(1))  # workers end in any order
    store.add(complete(0))
    with Store.read(tmp_path / "run") as reader:
        first, second = reader.records()
        assert first.trial == complete(0).trial
        assert first.details == complete(0).details
        assert first.rejected == 3
        assert second.trial == failed(1).trial
        assert reader.model(0) == b"TFL3\x00"
        assert reader.model(1) is None
        assert reader.fact("config") == {"seed": 3}


def test_scores_without_a_latency_come_back(store: Store) -> None:
    record = complete(0)
    trial = replace(record.trial, scores=replace(SCORES, latency=None))
    store.add(replace(record, trial=trial))
    assert store.records()[0].trial == trial


def test_a_second_search_on_the_same_run_is_refused_and_names_the_holder(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match=f"in use by another process \\({os.getpid()}\\)"):
        Store.resume(tmp_path / "run")
    with pytest.raises(StoreError, match="already exists") as caught:
        Store.create(tmp_path / "run", {})
    assert "--resume" in (caught.value.remedy or "")


def test_the_lock_ends_with_the_run(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", {}):
        pass
    with Store.resume(tmp_path / "run") as store:
        assert store.records() == []


def test_a_killed_writer_leaves_whole_trials_and_no_lock(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path; from micronas.store import Store\n"
        "from tests.support.stored_trials import complete, failed\n"
        "store = Store.create(Path(sys.argv[1]), {}); store.begin_session()\n"
        "store.add(complete(0)); store.add(failed(1)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    folder = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", script, folder, REPOSITORY], timeout=60)
    assert done.returncode == -9
    with Store.resume(folder) as store:
        assert [r.trial.outcome for r in store.records()] == [Outcome.COMPLETE, Outcome.FAILED]
        assert store.wall_s() > 0


def test_wall_time_adds_up_over_sessions(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", {}) as store:
        store.begin_session()
        store.save_wall_time()
        first = store.wall_s()
    with Store.resume(tmp_path / "run") as store:
        between = store.wall_s()
        store.begin_session()
        assert 0 < between <= first
        assert store.wall_s() >= between


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be written"):
        Store.create(tmp_path / "file" / "run", {})
    assert (tmp_path / "file").read_text() == "not a folder"


@pytest.mark.parametrize("damage", [b"garbage" * 1000, b""])
def test_a_damaged_database_is_refused(tmp_path: Path, damage: bytes) -> None:
    Store.create(tmp_path / "run", {}).close()
    (tmp_path / "run" / DATABASE).write_bytes(damage)
    with pytest.raises(StoreError, match=DATABASE):
        Store.resume(tmp_path / "run")
    Store.create(tmp_path / "other", {}).close()  # and the lock of the damaged one was given back
    with pytest.raises(StoreError, match=DATABASE):
        Store.resume(tmp_path / "run")


def test_another_format_is_refused(tmp_path: Path) -> None:
    Store.create(tmp_path / "run", {}).close()
    with sqlite3.connect(tmp_path / "run" / DATABASE) as connection:
        connection.execute("UPDATE facts SET value = '99' WHERE name = 'schema_version'")
    with pytest.raises(StoreError, match="format 99"):
        Store.read(tmp_path / "run")


def test_a_missing_run_lists_those_there_are(tmp_path: Path) -> None:
    Store.create(tmp_path / "mnist-1", {}).close()
    with pytest.raises(StoreError) as caught:
        Store.resume(tmp_path / "mnist-2")
    assert "mnist-1" in (caught.value.remedy or "")


def test_the_result_is_stored_once_and_unsealings_are_remembered(store: Store) -> None:
    store.record_unsealing("final figures of trial 0")
    store.set_final(Final({"trial": 0}, b"TFL3"))
    assert store.final() == Final({"trial": 0}, b"TFL3")
    assert store.unsealings() == ["final figures of trial 0"]
    with pytest.raises(StoreError, match="already has a result"):
        store.set_final(Final({}, b""))


def test_a_damaged_model_is_refused_and_all_else_is_still_read(store: Store, tmp_path: Path) -> None:
    store.add(complete(0))
    store.add(complete(1))
    store.set_final(Final({"best": 1}, b"TFL3 best"))
    path = tmp_path / "run" / DATABASE
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE models SET tflite = ? WHERE number = 1", (b"TFL3\x00",))
        connection.execute("UPDATE final SET tflite = ?", (b"TFL3 bess",))
    with Store.read(tmp_path / "run") as reader:
        assert reader.model(0) == b"TFL3\x00"
        with pytest.raises(StoreError, match=r"the stored network of trial 1 is damaged: its SHA-256 is"):
            reader.model(1)
        with pytest.raises(StoreError, match=r"the stored network of the result is damaged"):
            reader.final()
        assert len(reader.records()) == 2


def test_a_run_without_digests_is_read_and_resumed(store: Store, tmp_path: Path) -> None:
    store.add(complete(0))
    with sqlite3.connect(tmp_path / "run" / DATABASE) as connection:
        connection.execute("DROP TABLE digests")
    with Store.read(tmp_path / "run") as reader:
        assert reader.model(0) == b"TFL3\x00"
    store.add(complete(1))
    assert store.model(1) == b"TFL3\x01"


def test_damage_names_what_can_still_be_had(tmp_path: Path) -> None:
    (tmp_path / "best").mkdir()
    assert "undamaged" not in str(damaged(tmp_path, "malformed"))
    (tmp_path / "best" / "model.tflite").write_bytes(b"TFL3")
    assert str(tmp_path / "best" / "model.tflite") in str(damaged(tmp_path, "malformed"))


def test_a_folder_that_is_moved_during_the_run_is_named_and_nothing_is_lost(
    store: Store, tmp_path: Path
) -> None:
    store.add(complete(0))
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match=r"run was moved or removed during the run"):
        store.record_unsealing("after the move")
    with Store.read(tmp_path / "elsewhere") as reader:
        assert reader.model(0) == b"TFL3\x00"
        assert reader.unsealings() == ["after the move"]


def test_a_trial_is_stored_once(store: Store) -> None:
    store.add(complete(0))
    with pytest.raises(StoreError):
        store.add(complete(0))
    assert len(store.records()) == 1


def test_a_trial_whose_model_cannot_be_stored_is_not_there_at_all(store: Store) -> None:
    store.add(complete(0))
    with pytest.raises(StoreError, match=r"run\.sqlite"):
        store.add(replace(complete(1), tflite=object()))  # type: ignore[arg-type]
    assert [record.trial.number for record in store.records()] == [0]
    store.add(complete(1))
    assert store.model(1) == complete(1).tflite


def test_a_full_disk_stores_nothing_of_a_trial_and_the_remedy_works(store: Store) -> None:
    store.add(complete(0))
    (pages,) = store._database.row("PRAGMA page_count") or (0,)
    store._database.connection.execute(
        f"PRAGMA max_page_count = {pages}"
    )  # SQLite then answers as on a full disk
    large = replace(complete(1), tflite=bytes(200_000))
    with pytest.raises(StoreError, match="full") as caught:
        store.add(large)
    assert "free disk space" in str(caught.value.remedy)
    assert [record.trial.number for record in store.records()] == [0]
    store._database.connection.execute("PRAGMA max_page_count = 1000000")
    store.add(large)
    assert [record.trial.number for record in store.records()] == [0, 1]
    assert store.model(1) == large.tflite


def test_a_commit_is_on_the_disk_before_it_is_believed(store: Store) -> None:
    """SQLite: in write-ahead logging, FULL (2) syncs the log after every transaction."""
    assert store._database.row("PRAGMA journal_mode") == ("wal",)
    assert store._database.row("PRAGMA synchronous") == (2,)


def test_the_time_of_all_sessions_counts(tmp_path: Path) -> None:
    """Two sessions of 100 and 50 seconds that were killed, and the one that is running."""
    Store.create(tmp_path / "run", {}).close()
    for seconds in (100.0, 50.0):
        with Store.resume(tmp_path / "run") as store:
            store.begin_session()
        with sqlite3.connect(tmp_path / "run" / DATABASE) as connection:
            connection.execute("UPDATE sessions SET wall_s = ? WHERE wall_s = 0", (seconds,))
    with Store.resume(tmp_path / "run") as store:
        assert store.wall_s() == 150.0
        store.begin_session()
        assert 150.0 <= store.wall_s() < 160.0


def test_what_sqlite_says_of_damage_is_one_line() -> None:
    """Its check of a file begins with a line that only names the database."""
    said = damaged(Path("run"), "*** in database main ***\nPage 3: btreeInitPage() returns error code 11")
    assert said.message == "run/run.sqlite: Page 3: btreeInitPage() returns error code 11"
    assert damaged(Path("run"), "file is not a database").message.endswith(": file is not a database")


def test_a_search_that_was_killed_before_it_began_can_be_started_again(tmp_path: Path) -> None:
    """What it left are a half-written store and its journal."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.new").write_bytes(b"half")
    (folder / "run.new-journal").write_bytes(b"half")
    with pytest.raises(StoreError, match="is not a run") as refusal:
        Store.read(folder)
    assert "start the search again" in str(refusal.value.remedy)
    Store.create(folder, {"config": {}}).close()
    assert sorted(path.name for path in folder.iterdir() if "new" in path.name) == []
    with Store.read(folder) as store:
        assert store.fact("config") == {}


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("database or disk is full", "free disk space"),
        ("No space left on device", "free disk space"),
        ("disk I/O error", "ulimit -f"),
        ("attempt to write a readonly database", "writable"),
        ("unable to open database file", "writable"),
        ("database is locked", "another process"),
    ],
)
def test_a_fault_of_the_machine_is_not_called_damage(said: str, remedy: str) -> None:
    error = damaged(Path("run"), said)
    assert remedy in str(error.remedy)
    assert "damaged" not in str(error)


@pytest.mark.parametrize(
    "said", ["database disk image is malformed", "no such table: facts", "file is not a database"]
)
def test_damage_is_not_called_a_full_disk(tmp_path: Path, said: str) -> None:
    (tmp_path / "result.json").write_text("{}")
    error = damaged(tmp_path, said)
    assert error.remedy is not None
    assert error.remedy.startswith("the file is damaged and cannot be resumed: start a new run")
    assert f"undamaged by this: {tmp_path / 'result.json'}" in error.remedy
    assert "disk space" not in error.remedy


def test_a_run_without_its_database_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "run" / "best").mkdir(parents=True)
    (tmp_path / "run" / "best" / "model.tflite").write_bytes(b"model")
    with pytest.raises(StoreError, match=r"its run\.sqlite is missing") as refusal:
        Store.read(tmp_path / "run")
    assert "best/model.tflite" in str(refusal.value.remedy)


def test_a_rollback_that_fails_does_not_hide_the_reason(store: Store) -> None:
    def fill() -> None:
        with store._database.transaction() as cursor:
            cursor.execute("ROLLBACK")  # as SQLite does by itself on some full disks
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(StoreError, match="disk is full"):
        fill()
