"""Tables at the end of a search: the front of each board, the boards of a pool, and where the time went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from micronas.cli.output import kb, percent, print_table, print_wrapped
from micronas.errors import plural

if TYPE_CHECKING:
    from micronas.store import Final, Store
    from micronas.store.board_results import BoardResult

MOST_ON_FRONT = 12
"""Networks of a front that a terminal shows; the report has all of them."""


def print_boards(store: Store, final: Final) -> None:
    """Of a search for several boards, each board's front, with the reported network marked."""
    from micronas.store.board_results import board_results

    for result in board_results(store, final, store.records()):
        _print_front(result)
        if result.figures is None:
            print("  no network is within the limits of this board; the report has every trial's reason")
        else:
            best = result.figures
            quality = percent(best.test_quality_int8)
            print_wrapped(
                f"  reported: trial {best.trial}, {quality} on the test split, in {result.folder}", 4
            )
        print()


def print_pool(store: Store) -> None:
    """The boards of a pool; nothing for a run without one."""
    from micronas.store.pool import POOL_FACT, pool_rows
    from micronas.trial import object_at

    rows = pool_rows(object_at(store.optional_fact(POOL_FACT)), store.records())
    if rows:
        header = ("board", "trials", "failures", "ms", "difference", "state")
        print_table(
            "boards of the pool, and the network that all of them measured",
            header,
            [
                (r.board, str(r.trials), str(r.failures), r.latency_text, r.deviation_text, r.state)
                for r in rows
            ],
        )
        print()


def _print_front(result: BoardResult) -> None:
    from micronas.report.front import front_of

    winner = result.figures.trial if result.figures else None
    front = front_of(result.records)
    rows = []
    for record in front[-MOST_ON_FRONT:]:
        trial, scores = record.trial, record.trial.scores
        assert scores is not None, "a network of the front has figures"
        latency = f"{scores.latency.ms:.2f} ms {scores.latency.source.value}" if scores.latency else "not run"
        sizes = kb(scores.flash_bytes), kb(scores.sram_bytes)
        mark = "*" if trial.number == winner else ""
        rows.append((mark, str(trial.number), percent(scores.quality_int8), *sizes, latency))
    part = f", the best {len(rows)} of {len(front)}" if len(rows) < len(front) else ""
    header = ("", "trial", "validation", "flash", "SRAM", "latency")
    print_table(f"{result.name}: Pareto front of the trials{part}", header, rows)


def print_profile(store: Store) -> None:
    """Where the time of the session went; nothing for a run that had ended before."""
    from micronas.search.profile import PROFILE_FACT, profile_rows
    from micronas.trial import object_at

    profile = object_at(store.optional_fact(PROFILE_FACT))
    if not profile:
        return
    header = ("stage", "CPU s, workers", "CPU s, main process", "share", "wall s")
    title = (
        f"where the time went: {profile['cpu_s']:.1f} CPU s in {profile['wall_s']:.1f} s, "
        f"{plural(int(str(profile['workers'])), 'worker')}"
    )
    print_table(title, header, profile_rows(profile))
    print()
