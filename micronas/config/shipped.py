"""The search configurations that come with micronas, by name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from micronas.errors import ConfigError
from micronas.host.resources import resource

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class ShippedConfig:
    """A configuration and the comment that it begins with, on one line."""

    name: str
    path: Path
    about: str


def shipped_configs() -> tuple[ShippedConfig, ...]:
    """All of them, by name."""
    paths = sorted(resource("search_configs").glob("*.yaml"))
    return tuple(ShippedConfig(path.stem, path, _about(path)) for path in paths)


def find_config(word: str | Path) -> Path:
    """The file that ``word`` names: a path, or the name of a shipped configuration.

    A file in the current folder wins over a shipped name. Raises ``ConfigError`` with the nearest name.
    """
    path = Path(word)
    if path.is_file():
        return path
    if path.is_dir():
        raise ConfigError(f"{path} is a folder, not a configuration", remedy=_listing())
    shipped = {config.name: config.path for config in shipped_configs()}
    if str(word) in shipped:
        return shipped[str(word)]
    raise ConfigError(f"configuration not found: {path}", remedy=_nearest(path, list(shipped)))


def _nearest(path: Path, names: list[str]) -> str:
    stem = path.stem if path.suffix in _SUFFIXES else path.name
    if stem in names:
        return f"use the name of a shipped one without folder or suffix: {stem}"
    near = difflib.get_close_matches(stem, names, n=1)
    return f"did you mean the shipped {near[0]}? " + _listing() if near else _listing()


def _listing() -> str:
    return "`micronas configs` lists the shipped ones; `micronas init` writes one for your data"


def _about(path: Path) -> str:
    """The sentences of the first comment, commands left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("# ").strip())
    text = " ".join(comment)
    return text.partition("`micronas")[0].rstrip(" :;,")
