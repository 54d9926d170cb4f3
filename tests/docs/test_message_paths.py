"""No message names a path that only a checkout has: an installed wheel holds neither pages nor tools.

A message is a string of the package that is not a docstring, and every docstring that a user sees: the help
of the command line, of the Python API and of the configuration.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

PACKAGE = REPOSITORY / "micronas"
SHOWN = ("cli", "api", "config")
"""Packages whose public docstrings are shown."""
FOLDERS = ("benchmarks", "boards", "docs", "examples", "firmware", "search_configs", "tests", "tools")
"""Of the repository, beside the package. The wheel has some below ``micronas/_data``, where no one looks."""
PAGES = sorted(path for path in REPOSITORY.glob("*.md") if path.name != "README.md")
"""At the top. A README.md is also in an exported library."""
OWN_FILES = {
    "micronas/deploy/library/texts.py": "examples/X_demo/X_demo.ino",  # in an exported library
}


def named_paths(text: str) -> list[str]:
    """Paths, modules and targets of make in ``text`` that a wheel lacks."""
    inside = rf"(?<![\w./{{}}-])(?:{'|'.join(FOLDERS)})/[\w{{}}./-]+"
    page = "|".join(rf"(?<![\w/-]){re.escape(path.name)}" for path in PAGES)
    module = r"python -m (?:benchmarks|tests|tools)[\w.]*"
    return re.findall(rf"{inside}|{page}|{module}|`make [a-z]+`", text)


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string that may be shown; ``X`` stands for a value in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    shown = path.relative_to(PACKAGE).parts[0] in SHOWN
    skipped = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = "_" if isinstance(node, ast.Module) else node.name
            texts = [line for line in node.body if isinstance(line, ast.Expr)]
            seen = node.body[:1] if shown and not name.startswith("_") else []
            skipped |= {id(line.value) for line in texts if line not in seen}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def test_the_folders_and_pages_are_those_of_the_repository() -> None:
    assert [name for name in FOLDERS if not (REPOSITORY / name).is_dir()] == []
    assert len(PAGES) >= 4


def test_the_packages_messages_name_no_path_that_a_wheel_lacks() -> None:
    found, files = [], sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 500
    for path in files:
        where = path.relative_to(REPOSITORY).as_posix()
        for line, text in messages(path):
            named = [name for name in named_paths(text) if name != OWN_FILES.get(where)]
            found += [f"{where}:{line} names {name}" for name in named]
    assert not found, "\n".join(found)


def test_templates_and_shipped_configurations_name_none() -> None:
    files = [*PACKAGE.rglob("*.j2"), *(REPOSITORY / "search_configs").glob("*.yaml")]
    named = {path.name: found for path in files if (found := named_paths(path.read_text(encoding="utf-8")))}
    assert len(files) > 20
    assert named == {}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('raise E("x", remedy="see docs/guides/data.md")', 1),
        ('raise E("x", remedy=f"see docs/guides/{name}.md#part")', 1),
        ('print(f"add this to boards/{name}.yaml")', 1),
        ('X = "run `python tools/measure_code_size.py` or `python -m benchmarks.engine.run`"', 2),
        ('"see PROTOCOL.md"\nX = "CONTRIBUTING.md"', 1),
        ('def shown():\n    "see docs/x.md"\n', 1),
        ('def _own():\n    "see docs/x.md"\n', 0),
        ('X = "runs/docs/x.md, https://site/docs/x.md, README.md, boards/"', 0),
    ],
)
def test_messages_that_name_one_are_found(
    source: str, count: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "cli" / "verb.py"
    path.parent.mkdir()
    path.write_text(source)
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    assert sum(len(named_paths(text)) for _, text in messages(path)) == count
