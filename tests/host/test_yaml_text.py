"""YAML that would take all memory or the whole stack is a YAML error; ordinary YAML is read as before."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from micronas.board.load import read_board
from micronas.config import load_config
from micronas.errors import BoardError, ConfigError
from micronas.host.yaml_text import MAX_CHARACTERS, load_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


def test_ordinary_yaml() -> None:
    text = "a: 1\nb: [x, 2.5, true, null]\nc: {d: &anchor 1}\n"
    assert load_yaml(text) == {"a": 1, "b": ["x", 2.5, True, None], "c": {"d": 1}}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (BOMB, r"aliases \(\*a0\) are not supported: repeat the value"),
        ("a: &a [*a]", r"aliases \(\*a\)"),
        ("[" * 50_000, "nested too deeply"),
        ("x" * (MAX_CHARACTERS + 1), "characters are more than 1,000,000"),
        ("a: 2026-13-01", "month"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
    ],
)
def test_what_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(yaml.YAMLError, match=complaint):
        load_yaml(text)


def test_configurations_and_boards_are_read_by_it(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMB)
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(path)
    with pytest.raises(BoardError, match="not valid YAML"):
        read_board(path)
