"""Counts, over all committed comparisons, in how many seeds a entry was better than random search.

    python -m benchmarks.compare.summary

writes the table of ``benchmarks/compare/README.md`` anew; a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER / "README.md"
BEGIN, END = "<!-- table: python -m benchmarks.compare.summary -->\n", "<!-- end of table -->\n"
BASELINE, NO_SEARCH = "random", "no_search"
FIGURES = {
    "best_reward": "best reward in the search",
    "hypervolume": "hypervolume",
    "test_int8": "test, int8",
}


@dataclass(frozen=True)
class Tally:
    """Paired runs with equal task, budget and seed."""

    better: int = 0
    equal: int = 0
    worse: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.better + other.better, self.equal + other.equal, self.worse + other.worse)

    @property
    def p_value(self) -> float:
        """Two-sided sign test, exact; equal pairs say nothing and are left out.

        >>> Tally(better=7, worse=1).p_value
        0.0703125
        """
        n, k = self.better + self.worse, min(self.better, self.worse)
        return float(min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n))

    def __str__(self) -> str:
        p = f"{self.p_value:.2f}" if self.p_value >= 0.01 else "< 0.01"
        return f"{self.better} / {self.equal} / {self.worse}, p {p}"


def tally(comparison: dict[str, Any], entry: str, figure: str) -> Tally:
    """``entry`` against random search in one ``results.json``; failed runs have no figure and no pair."""
    by_name = {c["name"]: {r["seed"]: r[figure] for r in c["runs"]} for c in comparison["entries"]}
    baseline, own = by_name[BASELINE], by_name.get(entry, {})
    pairs = [(own[s], baseline[s]) for s in own if own[s] is not None and baseline.get(s) is not None]
    return Tally(sum(a > b for a, b in pairs), sum(a == b for a, b in pairs), sum(a < b for a, b in pairs))


def comparisons() -> list[dict[str, Any]]:
    """Every committed ``results.json``."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/results.json"))]


def table() -> str:
    """The Markdown table: a row per entry, most pairs first."""
    found = comparisons()
    names = {c["name"] for comparison in found for c in comparison["entries"]} - {BASELINE, NO_SEARCH}
    totals = {
        name: {f: sum((tally(comparison, name, f) for comparison in found), Tally()) for f in FIGURES}
        for name in names
    }

    def pairs(name: str) -> int:
        first = totals[name]["best_reward"]
        return first.better + first.equal + first.worse

    ordered = sorted(names, key=lambda name: (-pairs(name), name))
    return "".join(f"| {' | '.join(line)} |\n" for line in _lines(ordered, totals, pairs))


def _lines(names: list[str], totals: Any, pairs: Any) -> Iterator[tuple[str, ...]]:
    header = ("entry", "pairs", *FIGURES.values())
    yield header
    yield tuple("---" for _ in header)
    for name in names:
        yield (name, str(pairs(name)), *(str(totals[name][figure]) for figure in FIGURES))


def page(text: str) -> str:
    """``text`` with its table replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
