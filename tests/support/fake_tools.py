"""Fake programs at the head of PATH: each logs its arguments and does what its script says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class Tools:
    """A folder of shell scripts; ``calls`` are what they were called with, in order."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.log = folder / "log"
        folder.mkdir()
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def add(self, name: str, script: str = "exit 0") -> None:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name}" "$@" "--" >> {self.log}\n{script}\n')
        path.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        text = self.log.read_text() if self.log.exists() else ""
        return [call.strip().split("\n") for call in text.split("--\n") if call.strip()]
