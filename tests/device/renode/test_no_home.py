"""A user without HOME and without an entry in passwd, as in a container, gets an answer and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.cli.doctor.tools import examine_registry
from micronas.device.renode.find import find_renode
from micronas.errors import ToolMissingError


def test_looking_for_tools_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    for name in ("MICRONAS_RENODE", "PLATFORMIO_CORE_DIR", "MICRONAS_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError):
        find_renode()
    assert examine_registry().ok
