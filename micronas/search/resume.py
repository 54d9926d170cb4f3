"""Resuming a run: its configuration and its data must be those that it began with, or a change is recorded.

A run keeps its resolved configuration in the store; ``config.yaml`` beside it is for people to read. The data
are known by a digest of all samples (``micronas.data.digest``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

import micronas
from micronas.config import SearchConfig, load_config
from micronas.errors import ConfigError, StoreError, plural
from micronas.search.data_place import data_moved, with_data_found
from micronas.search.setup import Setup, prepare
from micronas.store import Store
from micronas.store.changes import DATA_DIGEST, record_change
from micronas.store.other_boards import stored_other_boards
from micronas.store.stored_setup import stored_board, stored_config

CONFIG_FILE = "config.yaml"
EARLIER_RESULTS = "earlier_results"
"""Fact of a run: its results before it was extended."""


@dataclass(frozen=True)
class Extension:
    """What a resumed run may change: more trials or minutes (totals), data that are not the same or are at
    another path, the address of its Ray cluster.
    """

    trials: int | None = None
    minutes: float | None = None
    accept_changed_data: bool = False
    data_path: Path | None = None
    ray_address: str | None = None


NOTHING = Extension()


def config_text(config: SearchConfig) -> str:
    """The text of ``config.yaml``: what differs from the defaults."""
    return str(yaml.safe_dump(config.model_dump(mode="json", exclude_defaults=True), sort_keys=False))


def stored_setup(store: Store, extension: Extension = NOTHING) -> Setup:
    """The setup with which a run was created, with a larger budget if ``extension`` asks for one.

    Raises ``StoreError`` if another micronas version wrote the run, if its ``config.yaml`` was edited, or if
    its data have changed and that is not accepted; ``DataError`` if they are missing; ``ConfigError`` for a
    budget that is not larger.
    """
    written_by = store.fact("code_version")
    if written_by != micronas.__version__:
        raise StoreError(
            f"run {store.folder.name} was created by micronas {written_by}, this is {micronas.__version__}",
            remedy="its trials would not be comparable: resume it with that version, or start a new run",
        )
    config = stored_config(store)
    _refuse_edited(store.folder, config)
    if extension.ray_address is not None:
        config = _with_address(store, config, extension.ray_address)
    longer = _extended(config, extension, len(store.records()))
    if extension.data_path is not None:
        data_moved(store, extension.data_path)
    setup = prepare(with_data_found(longer, store), stored_board(store), stored_other_boards(store))
    _check_data(store, setup.dataset.digest, extension.accept_changed_data)
    if longer != config:
        _record_budget(store, config, longer)
    return setup


def _refuse_edited(folder: Path, config: SearchConfig) -> None:
    """Raise ``StoreError`` if the readable configuration says something else than the stored one."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        return
    remedy = (
        f"a run keeps the configuration that it began with: start a new run with {path}, "
        "or delete that file to resume as it was"
    )
    try:
        edited = load_config(path)
    except ConfigError as error:
        raise StoreError(f"{error.message} (edited after the run began?)", remedy=remedy) from error
    found = list(_differences(config.model_dump(mode="json"), edited.model_dump(mode="json"), ""))
    # ``load_config`` resolves a board's path from the file's folder; the stored one is from where it ran.
    found = [line for line in found if not line.startswith(("board ", "other_boards "))]
    if found:
        raise StoreError(f"{path} was edited after the run began: {'; '.join(found)}", remedy=remedy)


def _differences(stored: object, edited: object, key: str) -> Iterator[str]:
    """``estimator.epochs 8 -> 20`` for each value that differs."""
    if isinstance(stored, dict) and isinstance(edited, dict):
        for name in sorted({*stored, *edited}):
            yield from _differences(stored.get(name), edited.get(name), f"{key}.{name}" if key else name)
    elif stored != edited:
        yield f"{key} {stored} -> {edited}"


def _extended(config: SearchConfig, extension: Extension, done: int) -> SearchConfig:
    budget = config.budget
    for name, asked, has in (
        ("trials", extension.trials, budget.trials),
        ("minutes", extension.minutes, budget.minutes),
    ):
        if asked is None:
            continue
        if has is None:
            raise ConfigError(
                f"--{name} {asked:g}: the run's budget has no limit of {name}",
                remedy="extend one of the limits of the run, or start a new run",
            )
        if asked <= has:
            raise ConfigError(
                f"--{name} {asked:g}: the run has {has:g} already, and {plural(done, 'trial')} done",
                remedy=f"give the new total, more than {has:g}",
            )
    given = {"trials": extension.trials, "minutes": extension.minutes}
    wanted = {name: value for name, value in given.items() if value is not None}
    return config.model_copy(update={"budget": budget.model_copy(update=wanted)})


def _with_address(store: Store, config: SearchConfig, address: str) -> SearchConfig:
    """The configuration at another cluster, stored; the trials do not depend on the address."""
    if config.executor != "ray":
        raise ConfigError(
            f"--ray {address}: run {store.folder.name} runs its trials on this machine",
            remedy="resume it without --ray, or start a new run with it",
        )
    moved = config.model_copy(update={"ray_address": address})
    store.amend({"config": moved.model_dump(mode="json")})
    (store.folder / CONFIG_FILE).write_text(config_text(moved), encoding="utf-8")
    return moved


def _check_data(store: Store, digest: str, accepted: bool) -> None:
    """Compare with the digest that the run began with; a run of an earlier version has none."""
    stored = store.optional_fact(DATA_DIGEST)
    if stored is None or stored == digest:
        return
    if not accepted:
        raise StoreError(
            f"the data of run {store.folder.name} have changed: the SHA-256 of samples, labels and splits "
            f"is {digest[:16]}..., and was {str(stored)[:16]}...",
            remedy="its trials would not be comparable: restore the data, start a new run, or resume with "
            "`micronas search --resume RUN --accept-changed-data`, which is recorded",
        )
    record_change(store, {"what": "data", "from": stored, "to": digest}, {DATA_DIGEST: digest})


def _record_budget(store: Store, before: SearchConfig, after: SearchConfig) -> None:
    """Store the larger budget. A result that the run had gives way to that of the longer search."""
    old, new = (config.budget.model_dump(exclude_none=True) for config in (before, after))
    record_change(
        store, {"what": "budget", "from": old, "to": new}, {"config": after.model_dump(mode="json")}
    )
    (store.folder / CONFIG_FILE).write_text(config_text(after), encoding="utf-8")
    if (final := store.final()) is not None:
        earlier = store.optional_fact(EARLIER_RESULTS)
        kept = [*(earlier if isinstance(earlier, list) else []), final.result]
        store.reopen({EARLIER_RESULTS: kept})
