"""Every page names files, links, options and settings that exist; nas.md names every strategy."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from micronas.cli.app import app
from micronas.config import known_keys, load_config
from micronas.estimate import check_estimator, check_prefilter
from micronas.space import SPACES
from micronas.strategy import STRATEGIES, check_strategy, searcher
from tests.support.command_line import micronas
from tests.support.paths import REPOSITORY

ROOT = REPOSITORY
ROOT_PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "PROTOCOL.md", "benchmarks/README.md")
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *(ROOT / name for name in ROOT_PAGES)]
NAS = (ROOT / "docs" / "background" / "nas.md").read_text(encoding="utf-8")
PREFIX = "micronas search search_configs/mnist5k.yaml --board nucleo_f446re"


def spans(text: str) -> list[str]:
    """What stands in backquotes, and indented lines of commands."""
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"^ {4}(micronas .+)$", text, re.MULTILINE)


def commands(text: str) -> list[str]:
    """Every ``micronas ...`` command, ``S`` written out."""
    found = (re.sub(r"^S(?= |$)", PREFIX, span) for span in spans(text))
    return sorted({re.split(r"  | #| \|", span)[0] for span in found if span.startswith("micronas ")})


def verb_of(words: list[str]) -> Any:
    """The typer command that ``micronas WORDS`` runs."""
    verb: Any = typer.main.get_command(app)
    for word in words:
        if word not in getattr(verb, "commands", {}):
            return verb
        verb = verb.commands[word]
    return verb


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_folders_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    folders = "micronas|search_configs|tests|benchmarks|firmware|tools|docs"
    named = [s for s in spans(text) if re.fullmatch(rf"({folders})/[\w./]+", s)]
    named = [name for name in named if "FAMILY" not in name]
    assert [name for name in named if not (ROOT / name).exists()] == []
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("command", sorted({c for page in PAGES for c in commands(page.read_text("utf-8"))}))
def test_commands_that_are_shown_are_accepted(command: str) -> None:
    """As far as that can be checked without running it: verb, options, configuration and settings."""
    words = shlex.split(command)
    if words[1].isupper():
        return
    verb = verb_of(words[1:])
    options = {spelling for p in verb.params for spelling in (*p.opts, *p.secondary_opts)} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= options
    if verb.name != "search" or len(words) < 3 or not words[2].startswith("search_configs/"):
        return
    given = {key: value for word in words if "=" in word for key, value in [word.split("=", 1)]}
    overrides = {key: yaml.safe_load(value) for key, value in given.items()}
    if "--strategy" in words:
        overrides["strategy.name"] = words[words.index("--strategy") + 1]
    assert set(overrides) <= set(known_keys())
    config = load_config(ROOT / words[2], overrides)
    check_strategy(config.strategy, config.space.name)
    check_estimator(config.estimator.name, searcher(config.strategy.name), config.space.name)
    if config.estimator.prefilter is not None:
        check_prefilter(config.estimator.name, searcher(config.strategy.name))


def test_the_page_walks_through_every_strategy_space_and_estimator() -> None:
    for name in STRATEGIES:
        assert f"--strategy {name}" in NAS
    for name in SPACES[1:4]:
        assert f"space.name={name}" in NAS or f"micronas/space/{name}" in NAS
    for name in ("short", "halving", "supernet"):
        assert f"estimator.name={name}" in NAS
    assert "estimator.prefilter.keep" in NAS


def test_the_table_of_what_works_is_what_the_command_prints() -> None:
    done = micronas("strategies", "--json", cwd=REPOSITORY)
    rows = [
        "| {} | {} |".format(
            strategy["name"],
            " | ".join(", ".join(strategy["estimators"].get(space, ["-"])) for space in SPACES),
        )
        for strategy in json.loads(done.stdout)
    ]
    table = "\n".join([f"| strategy | {' | '.join(SPACES)} |", "|" + "---|" * (len(SPACES) + 1), *rows])
    assert table in NAS, f"docs/background/nas.md should have:\n{table}"
