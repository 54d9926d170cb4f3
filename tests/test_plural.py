"""Numbers with their nouns, and that no text of the package dodges the plural."""

from __future__ import annotations

import re

import pytest

from micronas.config import parse_config
from micronas.errors import plural
from micronas.search.termination import make_termination
from tests.support.paths import REPOSITORY

PACKAGE = REPOSITORY / "micronas"


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("trial",), "0 trials"),
        (1, ("trial",), "1 trial"),
        (2, ("trial",), "2 trials"),
        (1, ("class", "classes"), "1 class"),
        (3, ("class", "classes"), "3 classes"),
        (1500, ("sample",), "1,500 samples"),
        (2.5, ("CPU minute",), "2.5 CPU minutes"),
        (1.0, ("minute",), "1 minute"),
    ],
)
def test_one_is_singular_and_everything_else_is_not(number: float, words: tuple[str, ...], text: str) -> None:
    assert plural(number, *words) == text


def test_the_last_trial_is_one_trial() -> None:
    termination = make_termination(parse_config({"budget": {"trials": 3}}), lambda: 0.0)
    left = [termination.left()]
    for number in range(3):
        termination.admits(number)
        left.append(termination.left())
    assert left == ["3 trials", "2 trials", "1 trial", "0 trials"]


def test_no_text_says_trials_in_brackets() -> None:
    files = [path for kind in ("*.py", "*.j2") for path in PACKAGE.rglob(kind)]
    assert len(files) > 200
    dodge = re.compile(r"\}[ \w]*\((?:s|es)\)")
    found = [f"{path}: {match[0]}" for path in files for match in dodge.finditer(path.read_text())]
    assert found == []
