"""The keys that docs/reference/json.md names, by verb."""

from __future__ import annotations

import re

from tests.support.paths import REPOSITORY

_PAGE = REPOSITORY / "docs" / "reference" / "json.md"
_ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.M)


def documented_keys(verb: str) -> set[str]:
    """Every word in code style in the row of ``verb`` of the table "Other verbs"."""
    rows = dict(_ROW.findall(_PAGE.read_text(encoding="utf-8").partition("## Other verbs")[2]))
    return {word for code in re.findall(r"`([^`]+)`", rows[verb]) for word in re.findall(r"\w+", code)}
