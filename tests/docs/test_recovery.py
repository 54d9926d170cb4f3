"""docs/background/recovery.md names tests that exist."""

from __future__ import annotations

import re

from tests.support.paths import REPOSITORY


def test_every_line_names_a_test_that_exists() -> None:
    page = (REPOSITORY / "docs" / "background" / "recovery.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(tests/[\w/.]+)`", row)
        assert named, row
        assert all((REPOSITORY / path).exists() for path in named), row
