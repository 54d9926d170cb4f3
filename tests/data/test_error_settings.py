"""Errors of the data carry the keys that their remedies set: `micronas init` shows how to set them."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator

import pytest

from micronas.cli.init import _naming_set
from micronas.config import DataConfig
from micronas.data.targets import REMEDY
from micronas.errors import ConfigError, DataError, MicronasError
from tests.support.paths import REPOSITORY

_NAMED = re.compile(r"(remove |leave )?\bdata\.(\w+(?:\.\w+)?)")


def calls() -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """File with line, and the keyword arguments, of every error that the package of the data makes."""
    for path in sorted((REPOSITORY / "micronas" / "data").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if isinstance(node.func, ast.Name) and node.func.id in ("DataError", "ConfigError"):
                keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
                yield f"{path.relative_to(REPOSITORY)}:{node.lineno}", keywords


def text_of(node: ast.expr | None) -> str:
    """The constant text of ``node``; ``X`` for values in it."""
    if isinstance(node, ast.Name) and node.id == "REMEDY":
        return REMEDY
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def settings_of(keywords: dict[str, ast.expr]) -> list[str]:
    node = keywords.get("settings")
    return [text_of(key) for key in node.elts] if isinstance(node, ast.Tuple) else []


def test_a_remedy_that_names_a_key_to_set_says_which() -> None:
    found = list(calls())
    assert len(found) > 100
    silent = []
    for where, keywords in found:
        to_set = [key for gone, key in _NAMED.findall(text_of(keywords.get("remedy"))) if not gone]
        if to_set and "settings" not in keywords:
            silent.append(f"{where} names data.{to_set[0]}")
    assert not silent, "\n".join(silent)


def test_the_keys_exist() -> None:
    keys = [(where, key) for where, keywords in calls() for key in settings_of(keywords)]
    assert len(keys) > 30
    for where, key in keys:
        section, name, *_ = key.partition("=")[0].split(".")
        assert section == "data", where
        assert name in DataConfig.model_fields, f"{where}: {key}"


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        (("data.options.skip_bad=true",), "do it (here: --set data.options.skip_bad=true)"),
        (
            ("data.options.height", "data.options.width"),
            "do it (here: --set data.options.height=VALUE --set data.options.width=VALUE)",
        ),
        (("data.path",), "do it (here: --data PATH)"),
        ((), "do it"),
    ],
)
@pytest.mark.parametrize("kind", [DataError, ConfigError])
def test_init_shows_how_to_set_them(kind: type[MicronasError], settings: tuple[str, ...], shown: str) -> None:
    """The text of a remedy does not matter, and one without keys is left as it is."""
    with pytest.raises(kind) as refused, _naming_set():
        raise kind("data.options.label is wrong", remedy="do it", settings=settings)
    assert refused.value.remedy == shown
    assert str(refused.value) == f"data.options.label is wrong\n  {shown}"


def test_a_key_in_the_words_of_a_remedy_alone_is_not_offered() -> None:
    with pytest.raises(DataError) as refused, _naming_set():
        raise DataError("no", remedy="remove data.options.target")
    assert refused.value.remedy == "remove data.options.target"


def test_a_worker_returns_them() -> None:
    error = pickle.loads(pickle.dumps(DataError("no", remedy="set it", settings=["data.path"])))
    assert (error.message, error.remedy, error.settings) == ("no", "set it", ("data.path",))
