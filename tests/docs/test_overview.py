"""README.md and ARCHITECTURE.md: short, with links that lead somewhere and every package named."""

from __future__ import annotations

import re
import tomllib

import pytest
import typer

from micronas.cli.app import app
from tests.support.paths import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8")
ROOT_PAGES = [REPOSITORY / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "PROTOCOL")]


def first_column() -> list[str]:
    """The entries of micronas/ that the table of packages names, in its order."""
    table = ARCHITECTURE.split("| in `micronas/` | holds |\n")[1].split("\n\n")[0]
    return [name for row in table.splitlines()[1:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_both_are_short() -> None:
    assert len(README.splitlines()) < 100
    assert len(ARCHITECTURE.splitlines()) <= 100


def test_the_table_names_every_package_and_module_and_nothing_else() -> None:
    entries = {p.name for p in (REPOSITORY / "micronas").iterdir() if p.suffix == ".py" or p.is_dir()}
    expected = {name for name in entries if not name.startswith("_")}
    assert sorted(name.rstrip("/") for name in first_column()) == sorted(expected)


def test_the_table_follows_the_layers_of_the_import_contract() -> None:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][0]["layers"]
    level = {
        name.strip().removeprefix("micronas."): n
        for n, layer in enumerate(layers)
        for name in layer.split(":")
    }
    levels = [level[name.rstrip("/").removesuffix(".py")] for name in first_column()]
    assert levels == sorted(levels)


def test_the_readme_names_every_verb() -> None:
    verbs = typer.main.get_command(app).commands
    shown = README.split("All verbs")[1].split("## ")[0]
    assert [v for v in verbs if not re.search(rf"(micronas |`){v}\b", shown)] == []


@pytest.mark.parametrize("page", ROOT_PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []
