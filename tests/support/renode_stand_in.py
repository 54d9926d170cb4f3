"""Puts the stand-in of fake_renode.py where Renode is looked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "fake_renode.py"


def install_stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns the file that its arguments and commands are logged to."""
    script = folder / "renode"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {PROGRAM} "$@"\n')
    script.chmod(0o755)
    log = folder / "commands.txt"
    monkeypatch.setenv("MICRONAS_RENODE", str(script))
    monkeypatch.setenv("FAKE_RENODE_LOG", str(log))
    return log
