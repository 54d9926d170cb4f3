"""Keys of a configuration as dotted paths, and the messages for wrong ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from pydantic import BaseModel, ValidationError

from micronas.errors import ConfigError
from micronas.host.validation_words import plain_words

RENAMED_KEYS = {
    "budgets": "constraints",
    "on_dead_board": "on_board_failure",
    "strategy.effort": "strategy.supernet_length",
    "latency.least_networks": "latency.min_networks",
}
"""Keys of earlier versions -> current keys."""

_SEVERAL = {
    "epochs": "'estimator.epochs' is for each trial, 'final_fit.epochs' for the network that is reported",
    "name": "'data.name', 'space.name', 'strategy.name' and 'estimator.name' are sections' own keys",
}
"""Keys that several sections have -> what each of them is for."""


def key_paths(section: type[BaseModel], prefix: str) -> Iterator[str]:
    """Every key of ``section`` and its subsections, each prefixed with ``prefix``."""
    for key, info in section.model_fields.items():
        yield prefix + key
        for kind in (info.annotation, *get_args(info.annotation)):  # a section that may be absent is a union
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from key_paths(kind, f"{prefix}{key}.")


def known_keys_of(raw: Mapping[str, object], prefix: str, keys: frozenset[str]) -> dict[str, object]:
    """``raw`` reduced to ``keys``, in sections too."""
    kept: dict[str, object] = {}
    for key, value in raw.items():
        if (path := prefix + key) in keys:
            section = any(known.startswith(f"{path}.") for known in keys)
            kept[key] = (
                known_keys_of(value, f"{path}.", keys) if section and isinstance(value, Mapping) else value
            )
    return kept


def with_key(raw: dict[str, object], keys: list[str], value: object) -> dict[str, object]:
    """A copy of ``raw`` with a nested key set."""
    head, *rest = keys
    if not rest:
        return {**raw, head: value}
    section = raw.get(head)
    inner = dict(section) if isinstance(section, dict) else {}
    return {**raw, head: with_key(inner, rest, value)}


def config_error(name: str, error: ValidationError, keys: Sequence[str]) -> ConfigError:
    """The first few errors in plain words, with the nearest of ``keys`` for an unknown one."""
    lines, remedies = [], []
    items = error.errors()
    inner = {item["loc"][:-1] for item in items if len(item["loc"]) > 1}
    for item in items[:5]:
        path = ".".join(str(part) for part in item["loc"])
        if item["loc"] in inner:
            continue  # a list that is wrong only because of an element already named
        if item["type"] == "extra_forbidden":
            lines.append(f"unknown key {path!r}")
            remedies.append(_renamed(path) or _nearest(path, keys))
        else:
            lines.append(
                f"{path or 'configuration'}: {plain_words(item['type'], item['msg'], item['input'])}"
            )
    return ConfigError(f"{name}: " + "; ".join(lines), remedy="; ".join(remedies) or None)


def _renamed(path: str) -> str | None:
    """The current name of a key of an earlier version."""
    return f"{path!r} was renamed to {RENAMED_KEYS[path]!r}" if path in RENAMED_KEYS else None


def _nearest(path: str, keys: Sequence[str]) -> str:
    """The key that the user may have meant: the same leaf in another section first, then by spelling."""
    section, _, leaf = path.rpartition(".")
    same_leaf = [k for k in keys if k.rpartition(".")[2] == leaf]
    siblings = [k for k in keys if k.rpartition(".")[0] == section]
    by_leaf = {k.rpartition(".")[2]: k for k in (*keys, *siblings)}
    near = same_leaf or [by_leaf[n] for n in difflib.get_close_matches(leaf, list(by_leaf), n=1, cutoff=0.5)]
    if leaf in _SEVERAL and not section:
        return _SEVERAL[leaf]
    if near:
        return f"did you mean {' or '.join(map(repr, near[:3]))}?"
    return f"known keys here: {', '.join(siblings)}"
