"""Where `micronas calibrate` says that its section belongs: a file that the user may change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from micronas.board.folders import shipped_boards
from micronas.cli import calibrate
from micronas.host import resources


def test_a_profile_of_an_installed_package_is_copied_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(shipped_boards(), tmp_path / "_data" / "boards")
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    monkeypatch.setattr(
        "micronas.board.folders.shipped_boards", lambda: resources.resource("boards", tmp_path)
    )
    monkeypatch.chdir(tmp_path)
    text = calibrate._where_to_add("nucleo_f446re")
    assert "boards new my_nucleo_f446re --from nucleo_f446re" in text
    assert "_data" not in text


def test_a_profile_of_the_users_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boards").mkdir()
    shutil.copy(shipped_boards() / "nucleo_f446re.yaml", "boards/mine.yaml")
    assert calibrate._where_to_add("mine") == "To use it, add this to boards/mine.yaml"
    assert calibrate._where_to_add("boards/mine.yaml") == "To use it, add this to boards/mine.yaml"
