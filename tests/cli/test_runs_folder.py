"""``micronas runs DIR``: a folder that is not there is said; the usual one may be absent."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_line import micronas, refused


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(micronas("runs", "rnus", cwd=tmp_path), "rnus: no such folder", "without a name it is runs")
    refused(micronas("runs", "rnus", "--json", cwd=tmp_path), "rnus: no such folder")
    (tmp_path / "file").write_text("x")
    refused(micronas("runs", "file", cwd=tmp_path), "file: is a file, not a folder")


def test_the_usual_folder_may_be_absent(tmp_path: Path) -> None:
    assert micronas("runs", "--json", cwd=tmp_path).stdout == "[]\n"
    (tmp_path / "others").mkdir()
    assert micronas("runs", "others", cwd=tmp_path).stdout.startswith("No runs in others yet.")
