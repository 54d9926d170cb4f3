"""An output file appears whole or not at all, and what was there stays until then."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from micronas.cli.output_paths import draft_of, filling, require_writable_file, write_file
from micronas.errors import ConfigError
from tests.support.command_line import micronas, refused


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_full_disk_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    out = tmp_path / "trials.csv"
    write_file("--csv", out, "first")

    def half(path: Path) -> None:
        path.write_text("sec")
        no_room()

    with pytest.raises(ConfigError, match=r"--csv .*trials\.csv: cannot be written \(No space left"):  # noqa: SIM117
        with draft_of("--csv", out) as draft:
            half(draft)
    assert out.read_text() == "first"
    assert names(tmp_path) == ["trials.csv"]


def test_a_full_disk_leaves_no_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_bytes", no_room)
    with pytest.raises(ConfigError, match="cannot be written"):
        write_file("--out", tmp_path / "search.yaml", "seed: 0")
    assert names(tmp_path) == []


def test_the_check_before_the_work_leaves_no_empty_file(tmp_path: Path) -> None:
    require_writable_file("--out", tmp_path / "deep" / "model.tflite")
    assert names(tmp_path / "deep") == []
    (tmp_path / "kept").write_text("x")
    require_writable_file("--out", tmp_path / "kept")
    assert (tmp_path / "kept").read_text() == "x"


def test_a_refused_conversion_leaves_no_file(tmp_path: Path) -> None:
    refused(micronas("convert", "gone.keras", "--data", "mnist5k", cwd=tmp_path), "gone.keras")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="links and modes of POSIX")
def test_a_link_stays_a_link_and_the_mode_is_kept(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    write_file("--out", tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_device_is_written_directly(tmp_path: Path) -> None:
    write_file("--csv", Path("/dev/null"), "a")
    with pytest.raises(ConfigError, match="--csv /dev/full: cannot be written"):
        write_file("--csv", Path("/dev/full"), "a")


def test_work_in_a_full_folder_names_the_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nearly_full(_: object) -> os.statvfs_result | tuple[int, int, int]:
        return type("Usage", (), {"free": 100})()

    with pytest.raises(OSError, match="No space left"), filling("--keep", tmp_path):
        no_room()  # another disk
    monkeypatch.setattr("micronas.cli.output_paths.shutil.disk_usage", nearly_full)
    with pytest.raises(ConfigError, match="--keep"), filling("--keep", tmp_path):
        no_room()
