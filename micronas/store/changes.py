"""What was changed when a run was resumed: other data that were accepted, a larger budget."""

from __future__ import annotations

from micronas.errors import plural
from micronas.store.store import Store
from micronas.trial import Json

DATA_DIGEST, CHANGES = "data_digest", "changes"
"""Facts of a run: SHA-256 of its data, and the list of changes."""


def record_change(store: Store, change: dict[str, Json], facts: dict[str, Json]) -> None:
    """Add ``change``, with the number of trials before it, and replace ``facts``, in one transaction."""
    known = store.optional_fact(CHANGES)
    changes = [*(known if isinstance(known, list) else []), {**change, "after_trials": len(store.records())}]
    store.amend({CHANGES: changes, **facts})


def changes_text(store: Store) -> list[str]:
    """What was changed when the run was resumed, for people: one line per change."""
    known = store.optional_fact(CHANGES)
    return [_text(change) for change in known if isinstance(change, dict)] if isinstance(known, list) else []


def _text(change: dict[str, Json]) -> str:
    after = change["after_trials"]
    since = plural(after, "trial") if isinstance(after, int) else "some trials"
    before, now = change["from"], change["to"]
    if isinstance(before, dict) and isinstance(now, dict):
        return f"the budget was extended after {since}: {_budget(before)} -> {_budget(now)}"
    return (
        f"the data changed after {since} and were accepted: SHA-256 {str(before)[:12]}... -> "
        f"{str(now)[:12]}...; earlier trials are not comparable"
    )


def _budget(limits: dict[str, Json]) -> str:
    return " and ".join(
        f"{value:g} {name}" for name, value in limits.items() if isinstance(value, int | float)
    )
