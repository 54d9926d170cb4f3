"""The YAML of ``search_configs/`` -> frozen ``SearchConfig``.

An unknown key is refused with the nearest known one and its path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from micronas.board.folders import board_files, is_path, is_same_profile, two_boards
from micronas.config.keys import config_error, key_paths, known_keys_of, with_key
from micronas.config.schema import SearchConfig
from micronas.config.shipped import find_config
from micronas.errors import ConfigError
from micronas.host.validation_words import kind_of_yaml
from micronas.host.yaml_text import load_yaml, yaml_problem

_NOT_A_CONFIG = "a configuration is a YAML text of keys and values; `micronas init --data DATA` writes one"


def load_config(path: str | Path, overrides: Mapping[str, object] | None = None) -> SearchConfig:
    """Read a YAML file; ``overrides`` maps dotted keys (``budget.trials``) to values that take precedence.

    ``path`` may also be the name of a shipped configuration. A board that the file names may be a profile in
    ``boards/`` beside it, or the path of one from there.
    Raises ``ConfigError`` that names the file, the key, what is wrong and the nearest known key.
    """
    path = find_config(path)
    try:
        text = path.read_text(encoding="utf-8")
        raw = load_yaml(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}", remedy=_NOT_A_CONFIG) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: cannot be read: byte {error.start} is not UTF-8 text", remedy=_NOT_A_CONFIG
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {yaml_problem(error)}", remedy=_NOT_A_CONFIG) from error
    if not text.strip():  # one of comments only means all defaults
        raise ConfigError(f"{path}: the file is empty", remedy=_NOT_A_CONFIG)
    if not isinstance(raw, dict | None):
        raise ConfigError(
            f"{path}: expected keys and values, found {kind_of_yaml(raw)}", remedy=_NOT_A_CONFIG
        )
    own = _with_boards(raw or {}, lambda board: _beside(board, path))
    folder = path.parent / "boards"
    given = _with_boards(overrides or {}, lambda board: _in_folder(board, folder) or board)
    return parse_config(own, name=str(path), overrides=given)


def parse_config(
    raw: Mapping[str, object], *, name: str = "configuration", overrides: Mapping[str, object] | None = None
) -> SearchConfig:
    """Check plain data against the schema; see ``load_config``."""
    merged = dict(raw)
    if any(dotted.startswith("budget.") for dotted in overrides or {}):
        merged["budget"] = {}  # a budget given here replaces the file's limits
    for dotted, value in (overrides or {}).items():
        merged = with_key(merged, dotted.split("."), value)
    try:
        return SearchConfig.model_validate(merged)
    except ValidationError as error:
        raise config_error(name, error, known_keys()) from error


def known_keys() -> tuple[str, ...]:
    """Every key of the schema as a dotted path, sections included, in the order of ``schema``."""
    return tuple(key_paths(SearchConfig, ""))


def known_part(raw: Mapping[str, object]) -> dict[str, object]:
    """``raw`` without the keys that the schema does not know, to read what another version wrote."""
    return known_keys_of(raw, "", frozenset(known_keys()))


def _with_boards(raw: Mapping[str, object], find: Callable[[str], str]) -> dict[str, object]:
    """``raw`` with ``find`` of every board that it names; the schema checks the rest."""
    found = dict(raw)
    if isinstance(raw.get("board"), str):
        found["board"] = find(str(raw["board"]))
    others = raw.get("other_boards")
    if isinstance(others, list | tuple):
        found["other_boards"] = [find(name) if isinstance(name, str) else name for name in others]
    return found


def _beside(board: str, config: Path) -> str:
    """A board as the configuration names it: paths are meant from the file's own folder."""
    if is_path(board):
        return str(config.parent / board)
    return _in_folder(board, config.parent / "boards") or board


def _in_folder(board: str, folder: Path) -> str | None:
    """The path of the user's profile called ``board`` in ``folder``, if there is one."""
    path = folder / f"{board}.yaml"
    if is_path(board) or not path.is_file():
        return None
    other = board_files().get(board)
    if other is not None and not is_same_profile(other, path):
        raise two_boards(board, other, path)
    return str(path)
