"""The plan of a comparison: one task, several entries, several seeds, one budget; stored as ``plan.json``. A
plan can only be extended: the same task and budget with more entries or seeds adds runs.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import micronas
from micronas.compare.budget import ComparisonBudget, Unit, parse_budget
from micronas.compare.entry import BASELINE, Entry, with_baselines
from micronas.config import SearchConfig, known_part, parse_config
from micronas.errors import ConfigError, StoreError
from micronas.host.durable import replace_durably
from micronas.search.workers.count import with_workers
from micronas.store.stored_setup import OLDER_DEFAULTS
from micronas.trial import Json

PLAN = "plan.json"


@dataclass(frozen=True)
class PlannedRun:
    """One ordinary run: an entry and a seed."""

    entry: Entry
    seed: int
    config: SearchConfig

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return f"{self.entry.name}-seed{self.seed}"


@dataclass(frozen=True)
class ComparisonPlan:
    """The comparison; ``config`` is the task, its strategy, seed and budget are not used.

    ``task_words`` are the task's words of the command line: the configuration and its overrides.
    """

    config: SearchConfig
    entries: tuple[Entry, ...]
    seeds: int
    budget: ComparisonBudget
    task_words: tuple[str, ...] = ("CONFIG",)

    @property
    def command(self) -> str:
        """The command that repeats the same runs."""
        names = ",".join(entry.name for entry in self.entries)
        options = ("--strategies", names, "--seeds", str(self.seeds), "--budget", str(self.budget))
        return shlex.join(["micronas", "compare", *self.task_words, *options])

    @property
    def board_words(self) -> str:
        """The board whose figures are compared; in a task for several boards, that is the first one."""
        others = self.config.other_boards
        if not others:
            return str(self.config.board)
        return f"{self.config.board} (its figures; the tables by board also have {', '.join(others)})"

    def runs(self) -> tuple[PlannedRun, ...]:
        """Every run: seed by seed, so that an interrupted comparison has complete seeds of all entries."""
        return tuple(
            PlannedRun(entry, seed, self._config_of(entry, seed))
            for seed in range(self.seeds)
            for entry in self.entries
        )

    def _config_of(self, entry: Entry, seed: int) -> SearchConfig:
        amount = int(self.budget.amount) if self.budget.unit is Unit.TRIALS else self.budget.amount
        budget: dict[str, object] = {self.budget.config_key: amount}
        if not entry.searches:
            budget["trials"] = 1
        overrides: dict[str, object] = {
            "seed": seed,
            "strategy.name": entry.strategy if entry.searches else BASELINE,
            **{f"budget.{key}": value for key, value in budget.items()},
        }
        if entry.estimator:
            overrides["estimator.name"] = entry.estimator
        return parse_config(
            self.config.model_dump(mode="json"), name=f"entry {entry.name}", overrides=overrides
        )


def make_plan(
    config: SearchConfig,
    entries: tuple[Entry, ...],
    seeds: int,
    budget: ComparisonBudget,
    task_words: tuple[str, ...] = ("CONFIG",),
) -> ComparisonPlan:
    """Check that every run can be configured; raises ``ConfigError`` otherwise."""
    if seeds < 1:
        raise ConfigError(
            f"--seeds {seeds}: must be 1 or more", remedy="use at least 3, to see how results vary"
        )
    # Stored with the plan: every run has the same, wherever the comparison is continued.
    config = with_workers(config)
    plan = ComparisonPlan(config, entries, seeds, budget, task_words)
    plan.runs()
    return plan


def open_plan(folder: Path, plan: ComparisonPlan | None, *, only_look: bool = False) -> ComparisonPlan:
    """The plan of ``folder``, created or extended by ``plan``; raises ``ConfigError`` if they do not agree.
    ``only_look`` ignores keys of another version's configuration that this version does not know.
    """
    path = folder / PLAN
    if not path.is_file():
        if plan is None:
            raise StoreError(f"no comparison in {folder}", remedy="`micronas compare CONFIG` starts one")
        _write(path, plan)
        return plan
    stored = read_plan(path, only_look=only_look)
    if plan is None:
        return stored
    grown = _grown(stored, plan, folder)
    if grown != stored:
        _write(path, grown)
    return grown


def read_plan(path: Path, *, only_look: bool = False) -> ComparisonPlan:
    """Read ``plan.json``; raises ``StoreError`` if it is damaged or another version's; see ``open_plan``."""
    try:
        raw: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        entries = tuple(Entry(c["strategy"], c["estimator"]) for c in raw["entries"])
        config = _config(raw["config"], raw.get("written_by"), path, only_look)
        words = tuple(str(word) for word in raw["task"])
        return ComparisonPlan(config, entries, int(raw["seeds"]), parse_budget(raw["budget"]), words)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged: {error}", remedy="start again with another --out") from error


def _config(raw: Mapping[str, Any], written_by: object, path: Path, only_look: bool) -> SearchConfig:
    try:
        return parse_config({**OLDER_DEFAULTS, **(known_part(raw) if only_look else raw)}, name=str(path))
    except ConfigError as error:
        folder = shlex.quote(str(path.parent))
        look = f"`micronas compare --resume {folder} --only-results` shows what can be read; "
        raise StoreError(
            f"{path} was written by micronas {written_by or 'of unknown version'}, and this micronas "
            f"{micronas.__version__} does not read its configuration: "
            f"{error.message.removeprefix(f'{path}: ')}",
            remedy=f"{'' if only_look else look}resume with the version that wrote it, or start again with "
            f"another --out",
        ) from error


def plan_to_json(plan: ComparisonPlan) -> dict[str, Json]:
    """The contents of ``plan.json``."""
    return {
        "written_by": micronas.__version__,
        "task": list(plan.task_words),
        "config": plan.config.model_dump(mode="json"),
        "entries": [{"strategy": c.strategy, "estimator": c.estimator} for c in plan.entries],
        "seeds": plan.seeds,
        "budget": str(plan.budget),
    }


def _grown(stored: ComparisonPlan, wanted: ComparisonPlan, folder: Path) -> ComparisonPlan:
    for what, was, now in (
        ("budget", str(stored.budget), str(wanted.budget)),
        ("configuration", stored.config, wanted.config),
    ):
        if was != now:
            values = f" {was}, not {now}" if what == "budget" else ""
            raise ConfigError(
                f"{folder} holds a comparison with another {what}{values}",
                remedy="choose another folder with --out; only entries and seeds can be added to a "
                "comparison",
            )
    more = [c for c in wanted.entries if c not in stored.entries]
    entries = with_baselines([*stored.entries, *more])
    return replace(stored, entries=entries, seeds=max(stored.seeds, wanted.seeds))


def _write(path: Path, plan: ComparisonPlan) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(plan_to_json(plan), indent=2) + "\n", encoding="utf-8")
        replace_durably(draft, path)
    except OSError as error:
        raise StoreError(
            f"{path.parent} cannot be written: {error.strerror}",
            remedy="choose a writable folder with --out DIR",
        ) from error
