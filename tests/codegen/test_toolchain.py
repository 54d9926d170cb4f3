"""A compiler that hangs, fails or says nonsense when asked for its version is one plain error."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.codegen import toolchain
from micronas.codegen.toolchain import gcc_version
from micronas.errors import ToolMissingError


def compiler(folder: Path, script: str) -> str:
    path = folder / "arm-none-eabi-gcc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_version(tmp_path: Path) -> None:
    assert gcc_version(compiler(tmp_path, "echo 12.2.1")) == "12.2.1"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("exec sleep 60", "does not work: .*timed out after 0.5 seconds"),
        ("exit 3", "does not work: -dumpfullversion ends with exit code 3"),
        ("exec yes", "does not work: .*timed out after 0.5 seconds"),
        (r"printf '\033[2J\377'", r"its version is '\\x1b\[2J"),
        ("echo 12.x", "its version is '12.x'"),
        ("true", "its version is ''"),
    ],
)
def test_a_compiler_that_does_not_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, complaint: str
) -> None:
    monkeypatch.setattr(toolchain, "_VERSION_DEADLINE_S", 0.5)
    with pytest.raises(ToolMissingError, match=complaint):
        gcc_version(compiler(tmp_path, script))


def test_a_compiler_that_went_away(tmp_path: Path) -> None:
    with pytest.raises(ToolMissingError, match=r"does not work: .*No such file"):
        gcc_version(str(tmp_path / "gone"))
