"""Workflow, templates and release: they are valid, and what they run is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main
import yaml

import micronas
from micronas.cli.app import app
from tests.support.command_line import micronas as micronas_command
from tests.support.paths import REPOSITORY

WORKFLOW = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
FORMS = sorted((REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
COMMANDS = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]


def test_the_workflow_tests_and_builds_by_the_makefile() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8")))
    called = {command.split()[1] for command in COMMANDS if command.startswith("make ")}
    assert called == {"test", "dist"}
    assert called <= targets


def test_the_workflow_calls_verbs_that_there_are() -> None:
    verbs = {command.split()[1] for command in COMMANDS if command.startswith("micronas ")}
    assert {"boards", "check", "export"} <= verbs
    assert verbs <= set(getattr(typer.main.get_command(app), "commands", {}))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_issue_forms_have_what_github_asks_for(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    for field in form["body"]:
        assert field["type"] in ("input", "textarea", "dropdown", "checkboxes", "markdown")
        assert field["attributes"]["label"]
    assert len({field["id"] for field in form["body"]}) == len(form["body"])


def test_there_is_one_version() -> None:
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert not re.search(r'(?m)^version *= *"', project)
    printed = micronas_command("--version", cwd=REPOSITORY)
    assert printed.stdout == f"micronas {micronas.__version__}\n"
