"""``benchmarks/search/options``: one option at a time, paired differences, and missing cells."""

from __future__ import annotations

import pytest

from benchmarks.search.cells import HERE, Cell
from benchmarks.search.lengths import committed, extrapolated
from benchmarks.search.lengths import markdown as table_of_lengths
from benchmarks.search.option_cells import COMPARISONS, OptionCell, option_cells
from benchmarks.search.options import RESULTS, found_in, markdown
from benchmarks.search.run_cell import every_cell
from micronas.config import SearchConfig
from micronas.trial import Json

DATA = "nowhere"


def result(figure: float, commit: str = "abc") -> dict[str, Json]:
    return {"validation": figure, "test": figure - 0.1, "trained": 20, "commit": commit}


def test_a_cell_is_the_default_search_with_one_option_changed() -> None:
    for cell in option_cells():
        option = COMPARISONS[cell.comparison].get(cell.option)
        changed = option.changed if option else {}
        default = Cell(cell.task, "default", cell.seed, cell.cpu_minutes).overrides
        assert cell.overrides == {**default, **changed}
        assert cell.reference.overrides == default
        assert not default.keys() & changed.keys()


def test_every_option_is_one_that_the_configuration_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICRONAS_DATA", DATA)
    configs = {cell.option: cell.config for cell in option_cells() if cell.seed == 0}
    assert all(isinstance(config, SearchConfig) for config in configs.values())
    assert len({config.model_dump_json() for config in configs.values()}) == len(configs)


def test_names_tell_every_cell_from_every_other() -> None:
    names = [cell.name for cell in every_cell()]
    assert len(names) == len(set(names))


def test_both_halves_of_a_pair_follow_each_other() -> None:
    order = [*option_cells()]
    for number, cell in enumerate(order):
        options = len(COMPARISONS[cell.comparison])
        assert 0 <= number - order.index(cell.reference) <= options


def test_differences_are_paired_by_seed_and_a_seed_with_one_half_does_not_count() -> None:
    def cell(option: str, seed: int) -> OptionCell:
        return OptionCell("motion", "default", seed, 2.0, "search", option)

    found = {
        cell("default", 0): result(0.90),
        cell("halving", 0): result(0.91),
        cell("default", 1): result(0.80),
        cell("halving", 1): result(0.82),
        cell("halving", 2): result(0.99),
    }
    lines = markdown(found).splitlines()
    row = next(line for line in lines if line.startswith("| halving | motion"))
    # Differences of 1 and 2 points: mean 1.5, standard error 0.5, and t is 12.71 for one degree of freedom.
    assert "| 0.850 | 0.865 | +1.5 +- 6.4 (2) | 0.750 | 0.765 | +1.5 +- 6.4 (2) | 20 / 20 | abc |" in row
    assert any(line.startswith("| warm_3 | motion | missing |") for line in lines)
    count = len([*option_cells()])
    assert f"{count - 5} of {count} cells are missing" in lines[-1]


def test_the_committed_table_is_that_of_the_committed_results() -> None:
    assert markdown(found_in(RESULTS)) in (HERE / "options.md").read_text(encoding="utf-8")


def test_the_power_law_of_a_curve_is_found_and_a_flat_curve_stays_flat() -> None:
    curve = [1 - (0.02 + 0.3 * n**-1.1) for n in range(1, 9)]
    assert extrapolated(curve, 60) == pytest.approx(1 - (0.02 + 0.3 * 60**-1.1), abs=2e-3)
    assert extrapolated([0.9] * 8, 120) == pytest.approx(0.9)


def test_the_page_has_the_table_of_the_measured_lengths() -> None:
    page = HERE.parent.parent / "docs" / "background" / "final_training.md"
    assert table_of_lengths(committed()) in page.read_text(encoding="utf-8")
