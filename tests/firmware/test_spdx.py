"""Every source file of firmware/ names its licence, in the first line, as SPDX tools read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.paths import FIRMWARE

COMMENTS = {
    ".c": "/* {} */",
    ".h": "/* {} */",
    ".S": "/* {} */",
    ".ld": "/* {} */",
    ".py": "# {}",
    ".rules": "# {}",
    ".ini": "; {}",
}
IDENTIFIER = "SPDX-License-Identifier: Apache-2.0"
GENERATED = {".pio", "__pycache__", "platformio.local.ini", "platformio.env.ini", "platformio.upload.ini"}


def sources() -> list[Path]:
    return sorted(
        path
        for path in FIRMWARE.rglob("*")
        if path.suffix in COMMENTS and not GENERATED & set(path.relative_to(FIRMWARE).parts)
    )


def test_the_sources_are_found() -> None:
    assert {path.suffix for path in sources()} >= {".c", ".h", ".S", ".py", ".ini"}


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(FIRMWARE)))
def test_the_first_line_is_the_licence(path: Path) -> None:
    with path.open(encoding="utf-8") as file:
        assert file.readline().rstrip("\n") == COMMENTS[path.suffix].format(IDENTIFIER)
