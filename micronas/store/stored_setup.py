"""The setup with which a run was created, in the types of this version, or one plain message why not."""

from __future__ import annotations

import contextlib

from pydantic import ValidationError

from micronas.board import Board, describe_validation
from micronas.config import SearchConfig, parse_config
from micronas.errors import BudgetError, ConfigError, StoreError
from micronas.memory.budget import less_front_end, limit_on, make_budget
from micronas.memory.front_end_cost import cost_of_file
from micronas.memory.ledger import Budget, board_budget
from micronas.memory.plan.prefer import Prefer, prefer_of_search
from micronas.model.front_end import FrontEndFile, RegressionTarget, from_json
from micronas.model.front_end.front_end_file import TARGET
from micronas.model.front_end.target import target_from_json
from micronas.store.other_boards import OTHER_BOARDS, board_names
from micronas.store.run_file import SCHEMA_VERSION
from micronas.store.store import Store
from micronas.trial import Json, number_of, object_at

FRONT_END_FACT = "front_end"
"""What ``front_end.json`` of the run's networks holds."""


OLDER_DEFAULTS: dict[str, Json] = {"prefer": Prefer.SRAM.value}
"""Top keys that an older version did not store, with what it did; today's defaults are others."""


def stored_config(store: Store) -> SearchConfig:
    """The resolved configuration; raises ``StoreError`` if that of another version does not fit this one."""
    raw = store.fact("config")
    if not isinstance(raw, dict):
        raise store.unreadable("configuration", "it does not hold keys and values")
    try:
        return parse_config({**OLDER_DEFAULTS, **raw}, name="run")
    except ConfigError as error:
        raise store.unreadable("configuration", error.message.removeprefix("run: ")) from error


def stored_board(store: Store) -> Board:
    """The board profile as it was when the run was created; raises ``StoreError`` likewise."""
    try:
        return Board.model_validate(store.fact("board"))
    except ValidationError as error:
        raise store.unreadable("board profile", describe_validation(error)) from error


def stored_budget(store: Store) -> Budget:
    """Limits of the run's networks, less the front end of its data. The profile is read only if needed."""
    constraints = object_at(store.fact("config"), "constraints")
    for key in ("flash_kb", "sram_kb"):
        if key not in constraints:
            raise store.unreadable("constraints", f"the key {key} is missing")
    flash_kb, sram_kb = number_of(constraints["flash_kb"]), number_of(constraints["sram_kb"])
    if flash_kb is not None and sram_kb is not None:
        whole = Budget(flash_bytes=round(flash_kb * 1024), sram_bytes=round(sram_kb * 1024))
    else:
        whole = make_budget(stored_board(store), flash_kb, sram_kb)
    cost = cost_of_file(stored_front_end(store))
    return whole if cost is None else less_front_end(whole, cost, stored_board(store))


def stored_budgets(store: Store) -> dict[str, Budget]:
    """The limits of ``stored_budget`` by board, without boards that this version cannot read.

    Where a board after the first has less than a limit, it gives all that it has.
    """
    constraints = object_at(store.fact("config"), "constraints")
    flash_kb, sram_kb = number_of(constraints.get("flash_kb")), number_of(constraints.get("sram_kb"))
    found: dict[str, Budget] = {}
    with contextlib.suppress(StoreError, BudgetError):
        found[board_names(store)[0]] = stored_budget(store)
    others = store.optional_fact(OTHER_BOARDS)
    for profile in others if isinstance(others, list) else []:
        with contextlib.suppress(ValidationError, StoreError, BudgetError):
            board = Board.model_validate(profile)
            there = board_budget(board)
            whole = make_budget(
                board, limit_on(flash_kb, there.flash_bytes), limit_on(sram_kb, there.sram_bytes)
            )
            found[board.name] = less_front_end(whole, cost_of_file(stored_front_end(store)), board)
    return found


def stored_front_end(store: Store) -> FrontEndFile | None:
    """What ``front_end.json`` of the run's networks holds; None in a run of a version that had none."""
    stored = store.optional_fact(FRONT_END_FACT)
    return None if stored is None else from_json(stored, str(store.folder))


def stored_target(store: Store) -> RegressionTarget | None:
    """What the networks of a regression predict; None for other tasks, and if it cannot be read."""
    found = object_at(store.optional_fact(FRONT_END_FACT), TARGET)
    try:
        return target_from_json(found) if found else None
    except (KeyError, TypeError, ValueError):
        return None


def stored_prefer(store: Store) -> Prefer:
    """What the plans of the run's networks prefer: ``SRAM`` in a run of a version that had no choice."""
    name = object_at(store.fact("config")).get("prefer", OLDER_DEFAULTS["prefer"])
    if name not in tuple(Prefer):
        raise store.unreadable("prefer", f"{name!r} is none of {', '.join(Prefer)}")
    return prefer_of_search(name)


def why_not_resumable(store: Store) -> str:
    """Why this version cannot resume a run that it can read; empty if it can."""
    if store.format != SCHEMA_VERSION:
        return f"it is in run format {store.format}, this version writes {SCHEMA_VERSION}"
    try:
        stored_config(store), stored_board(store)
    except StoreError as error:
        return error.message.partition("does not read ")[2]
    return ""
