"""Candidate 0, and the refusal of budgets that nothing can meet."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from micronas.config import SpaceConfig
from micronas.errors import BudgetError
from micronas.memory.ledger import Budget, Verdict
from micronas.search.initial_trials import initial_trials
from micronas.space import make_space
from tests.support.search_fakes import GENES, ToyArch, ToySpace

SPACE = ToySpace()


@dataclass(frozen=True)
class Size:
    flash_bytes: int
    sram_bytes: int


def ledger(arch: ToyArch) -> Size:
    return Size(flash_bytes=1000 + 100 * sum(arch.genes), sram_bytes=500 + 10 * sum(arch.genes))


@dataclass
class Gate:
    budget: Budget

    def verdict(self, arch: ToyArch) -> Verdict:
        size = ledger(arch)
        fits = size.flash_bytes <= self.budget.flash_bytes and size.sram_bytes <= self.budget.sram_bytes
        return Verdict(fits=fits, reasons=() if fits else ("over",), remedies=())

    def fits(self, arch: ToyArch) -> bool:
        return self.verdict(arch).fits


def first(flash_bytes: int, sram_bytes: int = 10_000) -> tuple[ToyArch, ...]:
    budget = Budget(flash_bytes=flash_bytes, sram_bytes=sram_bytes)
    return initial_trials(SPACE, Gate(budget), ledger, budget)


def test_the_largest_baseline_network_that_fits_comes_first() -> None:
    assert first(2500) == tuple(ToyArch((v,) * GENES) for v in (2, 1, 0))


def test_budgets_below_the_smallest_network_are_refused_with_the_bytes() -> None:
    with pytest.raises(BudgetError) as caught:
        first(999)
    assert "needs 1,000 bytes of flash (budget 999)" in caught.value.message
    assert "500 bytes of SRAM (budget 10,000)" in caught.value.message
    assert "constraints.flash_kb to 1 or more" in (caught.value.remedy or "")
    assert "sram_kb" not in (caught.value.remedy or "")


def test_where_large_ones_take_too_long_the_cheap_ones_come_first() -> None:
    def begun(most: int) -> tuple[ToyArch, ...]:
        budget = Budget(flash_bytes=10_000, sram_bytes=10_000)
        return initial_trials(SPACE, Gate(budget), ledger, budget, affordable=lambda a: sum(a.genes) <= most)

    assert begun(18) == tuple(ToyArch((v,) * GENES) for v in (1, 2, 3))
    assert begun(24) == tuple(ToyArch((v,) * GENES) for v in (4, 3, 2))  # all are affordable: as ever
    assert begun(-1) == (ToyArch((0,) * GENES),)


def test_networks_far_slower_than_the_target_come_last_and_faster_than_it_is_no_better() -> None:
    """The reward of a perfect network is below 1 from 19 digits on, and 2 for very small ones."""

    def ceiling(arch: ToyArch) -> float:
        return {4: 0.7, 3: 1.0, 2: 1.0, 1: 1.5, 0: 2.0}[arch.genes[0]]

    budget = Budget(flash_bytes=10_000, sram_bytes=10_000)
    found = initial_trials(SPACE, Gate(budget), ledger, budget, count=5, ceiling=ceiling)
    assert [arch.genes[0] for arch in found] == [3, 2, 1, 0, 4]
    cheap = initial_trials(
        SPACE, Gate(budget), ledger, budget, affordable=lambda a: sum(a.genes) <= 18, ceiling=ceiling
    )
    assert [arch.genes[0] for arch in cheap] == [1, 2, 3]


def test_the_largest_network_of_each_design_comes_before_a_second_of_any() -> None:
    space = make_space(SpaceConfig(), (28, 28, 1), 10)
    budget = Budget(flash_bytes=10**9, sram_bytes=10**9)
    found = initial_trials(space, _Everything(), lambda arch: Size(0, 0), budget)  # type: ignore[arg-type]
    kinds = [space.to_json(arch)["blocks"][0]["kind"] for arch in found]  # type: ignore[index,call-overload]
    assert set(kinds[:2]) == {"conv", "separable"}
    assert found[0] == space.baselines()[0]


class _Everything:
    def verdict(self, arch: object) -> Verdict:
        return Verdict(fits=True, reasons=(), remedies=())

    def fits(self, arch: object) -> bool:
        return True


class NoSmallHandMade(ToySpace):
    def baselines(self) -> tuple[ToyArch, ...]:
        return (ToyArch((4,) * GENES), ToyArch((3,) * GENES))


def test_where_no_baseline_network_fits_a_smaller_one_is_found() -> None:
    budget = Budget(flash_bytes=1300, sram_bytes=10_000)
    (found,) = initial_trials(NoSmallHandMade(), Gate(budget), ledger, budget)
    assert sum(found.genes) <= 3
