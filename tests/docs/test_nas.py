"""docs/background/nas.md and its companions name files, settings and commands that are there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from micronas.config import known_keys, load_config
from micronas.estimate import check_estimator, check_prefilter
from micronas.space import SPACES
from micronas.strategy import STRATEGIES, check_strategy, searcher
from tests.support.paths import REPOSITORY

ROOT = REPOSITORY
PAGES = [
    ROOT / "docs" / "background" / f"{name}.md" for name in ("nas", "spaces", "differentiable", "training")
]
NAS = PAGES[0].read_text(encoding="utf-8")
PREFIX = "micronas search search_configs/mnist5k.yaml --board nucleo_f446re"


def spans(text: str) -> list[str]:
    """What stands in backquotes, and indented lines of commands."""
    return re.findall(r"`([^`\n]+)`", text) + re.findall(r"^ {4}(micronas .+)$", text, re.MULTILINE)


def commands(text: str) -> list[str]:
    """Every ``micronas ...`` command, ``S`` written out."""
    found = (re.sub(r"^S(?= |$)", PREFIX, span) for span in spans(text))
    return sorted({span.split("  ")[0] for span in found if span.startswith("micronas ")})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_folders_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = [s for s in spans(text) if re.fullmatch(r"(micronas|search_configs|tests|benchmarks)/[\w./]+", s)]
    assert [name for name in named if not (ROOT / name).exists()] == []
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("command", sorted({c for page in PAGES for c in commands(page.read_text("utf-8"))}))
def test_commands_that_are_shown_are_accepted(command: str) -> None:
    """As far as a command can be checked without running it: its verb, its configuration, its settings."""
    words = shlex.split(command)
    verbs = {"search", "compare", "check", "bench", "networks", "strategies", "export", "flash", "report"}
    assert words[1] in verbs, words
    if words[1] != "search":
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
    done = subprocess.run(
        [sys.executable, "-m", "micronas", "strategies", "--json"], capture_output=True, text=True, check=True
    )
    rows = [
        "| {} | {} |".format(
            strategy["name"],
            " | ".join(", ".join(strategy["estimators"].get(space, ["-"])) for space in SPACES),
        )
        for strategy in json.loads(done.stdout)
    ]
    table = "\n".join([f"| strategy | {' | '.join(SPACES)} |", "|" + "---|" * (len(SPACES) + 1), *rows])
    assert table in NAS, f"docs/background/nas.md should have:\n{table}"
