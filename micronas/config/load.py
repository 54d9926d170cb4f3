"""The YAML of ``search_configs/`` -> frozen ``SearchConfig``.

An unknown key is refused with the nearest known one and its path.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from micronas.config.keys import config_error, key_paths, known_keys_of, with_key
from micronas.config.schema import SearchConfig
from micronas.errors import ConfigError


def load_config(path: Path, overrides: Mapping[str, object] | None = None) -> SearchConfig:
    """Read a YAML file; ``overrides`` maps dotted keys (``budget.trials``) to values that win over it.

    Raises ``ConfigError`` that names the file, the key, what is wrong and the nearest known key.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"no such configuration: {path}", remedy=_shipped(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(raw, dict | None):
        raise ConfigError(f"{path}: expected keys and values, found {type(raw).__name__}")
    return parse_config(raw or {}, name=str(path), overrides=overrides)


def parse_config(
    raw: Mapping[str, object], *, name: str = "configuration", overrides: Mapping[str, object] | None = None
) -> SearchConfig:
    """Check plain data against the schema; see ``load_config``."""
    merged = dict(raw)
    if any(dotted.startswith("budget.") for dotted in overrides or {}):
        merged["budget"] = {}  # a new budget is not bounded by the file's
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
    """``raw`` without the keys that the schema does not know: to look at what another version wrote."""
    return known_keys_of(raw, "", frozenset(known_keys()))


def _shipped(path: Path) -> str | None:
    folder = Path(__file__).resolve().parents[2] / "search_configs"
    names = sorted(p.name for p in folder.glob("*.yaml"))
    near = difflib.get_close_matches(path.name, names, n=1)
    if near:
        return f"did you mean search_configs/{near[0]}?"
    return f"shipped ones: {', '.join(names)}" if names else None
