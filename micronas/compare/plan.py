"""What is compared: one task, several contenders, several seeds, one budget; kept as ``plan.json``.

A plan never changes, but it may grow: the same task and budget with more contenders or seeds adds runs.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import micronas
from micronas.compare.budget import Allowance, Unit, parse_allowance
from micronas.compare.entry import BASELINE, Contender, with_baselines
from micronas.config import SearchConfig, known_part, parse_config
from micronas.errors import ConfigError, StoreError
from micronas.trial import Json

PLAN = "plan.json"


@dataclass(frozen=True)
class PlannedRun:
    """One ordinary run: a contender and a seed."""

    contender: Contender
    seed: int
    config: SearchConfig

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return f"{self.contender.name}-seed{self.seed}"


@dataclass(frozen=True)
class Plan:
    """The comparison; ``config`` is the task, its strategy, seed and budget stand for nothing here.

    ``task_words`` are how the task was given on the command line: the configuration and what overrides it.
    """

    config: SearchConfig
    contenders: tuple[Contender, ...]
    seeds: int
    allowance: Allowance
    task_words: tuple[str, ...] = ("CONFIG",)

    @property
    def command(self) -> str:
        """What makes the same runs again."""
        names = ",".join(contender.name for contender in self.contenders)
        options = ("--strategies", names, "--seeds", str(self.seeds), "--budget", str(self.allowance))
        return shlex.join(["micronas", "compare", *self.task_words, *options])

    def runs(self) -> tuple[PlannedRun, ...]:
        """Every run: seed by seed, so that a comparison cut short has whole seeds of everybody."""
        return tuple(
            PlannedRun(contender, seed, self._config_of(contender, seed))
            for seed in range(self.seeds)
            for contender in self.contenders
        )

    def _config_of(self, contender: Contender, seed: int) -> SearchConfig:
        amount = int(self.allowance.amount) if self.allowance.unit is Unit.TRIALS else self.allowance.amount
        budget: dict[str, object] = {self.allowance.config_key: amount}
        if not contender.searches:
            budget["trials"] = 1
        overrides: dict[str, object] = {
            "seed": seed,
            "strategy.name": contender.strategy if contender.searches else BASELINE,
            **{f"budget.{key}": value for key, value in budget.items()},
        }
        if contender.estimator:
            overrides["estimator.name"] = contender.estimator
        return parse_config(
            self.config.model_dump(mode="json"), name=f"contender {contender.name}", overrides=overrides
        )


def make_plan(
    config: SearchConfig,
    contenders: tuple[Contender, ...],
    seeds: int,
    allowance: Allowance,
    task_words: tuple[str, ...] = ("CONFIG",),
) -> Plan:
    """Check that every run can be configured; raises ``ConfigError`` otherwise."""
    if seeds < 1:
        raise ConfigError(f"--seeds {seeds}: must be 1 or more", remedy="3 show the spread")
    plan = Plan(config, contenders, seeds, allowance, task_words)
    plan.runs()
    return plan


def open_plan(folder: Path, plan: Plan | None, *, only_look: bool = False) -> Plan:
    """The plan of ``folder``, made or grown by ``plan``; raises ``ConfigError`` if the two do not agree.

    ``only_look`` leaves out of another version's configuration what this one does not know.
    """
    path = folder / PLAN
    if not path.is_file():
        if plan is None:
            raise StoreError(f"no comparison in {folder}", remedy="`micronas compare CONFIG` begins one")
        _write(path, plan)
        return plan
    stored = read_plan(path, only_look=only_look)
    if plan is None:
        return stored
    grown = _grown(stored, plan, folder)
    if grown != stored:
        _write(path, grown)
    return grown


def read_plan(path: Path, *, only_look: bool = False) -> Plan:
    """Read ``plan.json``; raises ``StoreError`` if it is damaged or another version's; see ``open_plan``."""
    try:
        raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        contenders = tuple(Contender(c["strategy"], c["estimator"]) for c in raw["contenders"])
        config = _config(raw["config"], raw.get("written_by"), path, only_look)
        words = tuple(str(word) for word in raw["task"])
        return Plan(config, contenders, int(raw["seeds"]), parse_allowance(raw["budget"]), words)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged: {error}", remedy="begin anew with another --out") from error


def _config(raw: Mapping[str, Any], written_by: object, path: Path, only_look: bool) -> SearchConfig:
    try:
        return parse_config(known_part(raw) if only_look else raw, name=str(path))
    except ConfigError as error:
        folder = shlex.quote(str(path.parent))
        look = f"`micronas compare --resume {folder} --only-results` shows what can be read; "
        raise StoreError(
            f"{path} was written by micronas {written_by or 'of unknown version'}, and this micronas "
            f"{micronas.__version__} does not read its configuration: "
            f"{error.message.removeprefix(f'{path}: ')}",
            remedy=f"{'' if only_look else look}go on with the micronas that wrote it, or begin anew with "
            "another --out",
        ) from error


def plan_to_json(plan: Plan) -> dict[str, Json]:
    """What ``plan.json`` holds."""
    return {
        "written_by": micronas.__version__,
        "task": list(plan.task_words),
        "config": plan.config.model_dump(mode="json"),
        "contenders": [{"strategy": c.strategy, "estimator": c.estimator} for c in plan.contenders],
        "seeds": plan.seeds,
        "budget": str(plan.allowance),
    }


def _grown(stored: Plan, wanted: Plan, folder: Path) -> Plan:
    for what, was, now in (
        ("budget", str(stored.allowance), str(wanted.allowance)),
        ("configuration", stored.config, wanted.config),
    ):
        if was != now:
            values = f" {was}, not {now}" if what == "budget" else ""
            raise ConfigError(
                f"{folder} holds a comparison with another {what}{values}",
                remedy="choose another folder with --out; only contenders and seeds can be added to one",
            )
    more = [c for c in wanted.contenders if c not in stored.contenders]
    contenders = with_baselines([*stored.contenders, *more])
    return replace(stored, contenders=contenders, seeds=max(stored.seeds, wanted.seeds))


def _write(path: Path, plan: Plan) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(plan_to_json(plan), indent=2) + "\n", encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        raise StoreError(
            f"{path.parent} cannot be written: {error.strerror}",
            remedy="choose a folder that you may write to with --out DIR",
        ) from error
