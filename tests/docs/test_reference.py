"""The generated pages of docs/reference are what tools/write_reference.py would write now."""

from __future__ import annotations

import pytest

from micronas.config import known_keys, load_config
from tests.support.command_line import micronas
from tests.support.paths import REPOSITORY, TOOLS

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(TOOLS))
    import write_reference


@pytest.mark.parametrize("name", write_reference.PAGES)
def test_the_committed_page_is_current(name: str) -> None:
    committed = (write_reference.FOLDER / name).read_text(encoding="utf-8")
    assert committed == write_reference.PAGES[name](), "run `python tools/write_reference.py`"


def test_every_key_has_a_line_with_its_meaning() -> None:
    lines = write_reference.configuration_page().splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| `")]
    described = {cells[0].strip("| `"): cells[-1].strip(" |") for cells in rows}
    sections = {key for key in known_keys() if any(other.startswith(f"{key}.") for other in known_keys())}
    assert set(described) == set(known_keys()) - sections
    assert [key for key, meaning in described.items() if not meaning] == []


def test_every_option_that_help_shows_is_on_the_page() -> None:
    """``--help`` is the other source: its options, as typer prints them."""
    page = write_reference.command_line_page()
    for verb in ("search", "bench", "mlperf"):
        shown = micronas(verb, "--help", cwd=REPOSITORY, COLUMNS="200", NO_COLOR="1").stdout
        words = {word.rstrip(":,.;") for word in shown.split()}
        options = {word for word in words if word.startswith("--") and not word.startswith("--no-")}
        part = page.split(f"## `micronas {verb}`")[1].split("\n## ")[0]
        missing = [o for o in sorted(options - {"--help"}) if f"`{o}`" not in part and f"`{o} " not in part]
        assert options
        assert missing == []


def test_the_example_of_the_page_is_a_valid_configuration(tmp_path) -> None:
    page = write_reference.configuration_page()
    example = tmp_path / "example.yaml"
    example.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert load_config(example).constraints.sram_kb == 32
