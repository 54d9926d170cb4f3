"""The first trials of a search: proven designs that fit, or evidence that no network can.

A search is only useful if it beats a manually designed network with the same training. The largest such
network that fits is therefore candidate 0, which the search has to beat within its own run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol

from micronas.config import SearchConfig
from micronas.data import Dataset
from micronas.errors import BudgetError
from micronas.memory.ledger import Budget
from micronas.search.gate import Gate
from micronas.search.termination.reserve import USUAL_FINAL
from micronas.space import Arch, Space
from micronas.train.cost import training_cpu_s
from micronas.trial import Json

INITIAL_TRIALS = 3
_MAX_STEPS = 60
FIRST_SHARE = 0.1
"""Of the search's time: a baseline network that takes more of it is not among the first trials."""


class Sizes(Protocol):
    """The totals of a ledger that are compared with a budget."""

    @property
    def flash_bytes(self) -> int:
        """All flash."""
        ...

    @property
    def sram_bytes(self) -> int:
        """All SRAM."""
        ...


def initial_trials(
    space: Space,
    gate: Gate,
    ledger: Callable[[Arch], Sizes],
    budget: Budget,
    count: int = INITIAL_TRIALS,
    affordable: Callable[[Arch], bool] = lambda arch: True,
    ceiling: Callable[[Arch], float] = lambda arch: 1.0,
) -> tuple[Arch, ...]:
    """Up to ``count`` initial architectures, starting with the largest manual design that fits.

    The largest network of every design comes before a second one of any. If some that fit are not
    ``affordable``, because they would take too much of the search's time, the largest affordable ones are
    taken, the cheapest first, so that the first result comes soon. Before size counts ``ceiling``, the reward
    of a perfect network at the latency of each: a network far slower than the target comes last. If no manual
    design fits, a descent through the space looks for a smaller network that does. Raises ``BudgetError``
    with the bytes if the descent ends without one: no network of the space can meet the budgets.
    """
    fitting = tuple(arch for arch in space.baselines() if gate.fits(arch))
    cheap = tuple(arch for arch in fitting if affordable(arch))
    if len(cheap) < len(fitting):
        chosen = _designs_first(space, _highest_first(cheap, ceiling))[:count]
        small_first = tuple(arch for arch in reversed(cheap) if arch in chosen)
        return _highest_first(small_first, ceiling) or fitting[-1:]
    fitting = _highest_first(fitting, ceiling)
    return _designs_first(space, fitting)[:count] or (_walk_down(space, ledger, budget),)


def affordable(config: SearchConfig, space: Space, dataset: Dataset) -> Callable[[Arch], bool]:
    """Which baseline networks a search may begin with: all, unless nothing limits their size but the board.

    With limits of the user's, the largest network that meets them is what the search has to beat.
    """
    limits, budget = config.constraints, config.budget
    times_s = [
        60 * minutes * (1 - (config.final_fit.share or USUAL_FINAL))
        for minutes in (budget.minutes, budget.cpu_minutes)
        if minutes is not None
    ]
    if not times_s or any(
        v is not None for v in (limits.flash_kb, limits.sram_kb, limits.latency_ms, limits.macs)
    ):
        return lambda arch: True
    samples, epochs = len(dataset.train), config.estimator.epochs
    return lambda arch: training_cpu_s(space.net(arch), samples, epochs) <= FIRST_SHARE * min(times_s)


def _highest_first(archs: tuple[Arch, ...], ceiling: Callable[[Arch], float]) -> tuple[Arch, ...]:
    """By what they can attain, if that differs; faster than the target is not better here."""
    return tuple(sorted(archs, key=lambda arch: -min(1.0, ceiling(arch))))


def _designs_first(space: Space, archs: tuple[Arch, ...]) -> tuple[Arch, ...]:
    """The first of every design, then the rest. Designs differ in more than their widths."""
    first = {json.dumps(_without_widths(space.to_json(arch))): arch for arch in reversed(archs)}
    leading = [arch for arch in archs if arch in first.values()]
    return (*leading, *(arch for arch in archs if arch not in leading))


def _without_widths(data: Json) -> Json:
    match data:
        case dict():
            return {key: _without_widths(value) for key, value in data.items() if key != "width"}
        case list():
            return [_without_widths(value) for value in data]
    return data


def _walk_down(space: Space, ledger: Callable[[Arch], Sizes], budget: Budget) -> Arch:
    """The first architecture within budget on the steepest descent from the smallest manual design."""
    here = space.baselines()[-1]
    sizes = ledger(here)
    for _ in range(_MAX_STEPS):
        steps = [(arch, ledger(arch)) for arch in space.neighbours(here)]
        arch, least = min(steps, key=lambda step: _excess(step[1], budget))
        if _excess(least, budget) >= _excess(sizes, budget):
            break
        here, sizes = arch, least
        if not any(_over(sizes, budget)):
            return here
    raise BudgetError(
        "no network of the space meets the budgets: the smallest found needs "
        f"{sizes.flash_bytes:,} bytes of flash (budget {budget.flash_bytes:,}) and "
        f"{sizes.sram_bytes:,} bytes of SRAM (budget {budget.sram_bytes:,})",
        remedy=_remedy(sizes, budget),
    )


def _over(sizes: Sizes, budget: Budget) -> tuple[int, int]:
    """Bytes over the budget in flash and in SRAM."""
    return max(0, sizes.flash_bytes - budget.flash_bytes), max(0, sizes.sram_bytes - budget.sram_bytes)


def _excess(sizes: Sizes, budget: Budget) -> tuple[float, int]:
    """Relative excess first, so that flash and SRAM have equal weight; bytes break ties."""
    flash, sram = _over(sizes, budget)
    relative = flash / budget.flash_bytes + sram / budget.sram_bytes
    return relative, sizes.flash_bytes + sizes.sram_bytes


def _remedy(sizes: Sizes, budget: Budget) -> str:
    flash, sram = _over(sizes, budget)
    needs = [
        f"constraints.{name}_kb to {-(-need // 1024)} or more"
        for name, over, need in (("flash", flash, sizes.flash_bytes), ("sram", sram, sizes.sram_bytes))
        if over
    ]
    return f"raise {' and '.join(needs)}, or allow smaller networks (space.min_blocks, space.min_width)"
