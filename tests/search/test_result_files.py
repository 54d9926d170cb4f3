"""``result.json`` and the page of a finished search: whole, and written later if the disk was full."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from micronas.errors import MachineError
from micronas.host.machine_fault import describe
from micronas.search import result_json, run
from micronas.store import Store
from tests.support.report_run import make_run


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run", finished=True)


def resume(folder: Path) -> None:
    nothing: Any = None
    with Store.resume(folder) as store:
        run.search(nothing, store, nothing)  # a finished search needs neither


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("left", [None, "", '{"run": "ru'])
def test_a_resumed_search_writes_the_files_that_are_missing(finished: Path, left: str | None) -> None:
    for name in ("result.json", "report.html"):
        (finished / name).unlink(missing_ok=True)
    if left is not None:
        (finished / "result.json").write_text(left)
    resume(finished)
    assert json.loads((finished / "result.json").read_text())["run"]
    assert "<html" in (finished / "report.html").read_text()


def test_files_that_are_there_stay(finished: Path) -> None:
    resume(finished)
    (finished / "result.json").write_text("{}")
    (finished / "report.html").write_text("mine")
    resume(finished)
    assert (finished / "result.json").read_text() == "{}"
    assert (finished / "report.html").read_text() == "mine"


def test_a_full_disk_leaves_no_part_and_says_how_to_continue(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (finished / "result.json").unlink(missing_ok=True)
    with monkeypatch.context() as patch:
        patch.setattr(result_json, "replace_durably", no_room)
        with pytest.raises(MachineError, match="the result is stored") as refusal:
            resume(finished)
    assert "--resume" in str(refusal.value.remedy)
    assert not list(finished.glob("result.json*"))
    resume(finished)
    assert (finished / "result.json").is_file()


def test_a_write_without_room_names_the_folder_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    free = type("Usage", (), {"free": 8})()
    monkeypatch.setattr("micronas.host.machine_fault.shutil.disk_usage", lambda _: free)
    assert describe(error, tmp_path).startswith(f"{tmp_path} (8 bytes free)")
    copied = OSError(errno.ENOSPC, "No space left on device", "/tmp/a", None, str(tmp_path / "b"))
    assert describe(copied) == f"{tmp_path / 'b'}: No space left on device"
