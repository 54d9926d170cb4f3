"""The example notebooks, executed from the first cell to the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import REPOSITORY

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

EXAMPLES = REPOSITORY / "examples"
NOTEBOOKS = {path.stem: path for path in sorted(EXAMPLES.glob("*.ipynb"))}
pytestmark = [pytest.mark.slow, pytest.mark.emulator]


def executed(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """All text that the cells of notebook ``name`` print and show, run in ``folder``."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("IPYTHONDIR", str(folder / ".ipython"))
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=280, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute()
    return "\n".join(shown(output) for cell in notebook.cells for output in cell.get("outputs", []))


def shown(output: dict[str, Any]) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))


def test_the_notebooks_are_committed_without_outputs() -> None:
    assert set(NOTEBOOKS) == {"own_model", "search"}
    for path in NOTEBOOKS.values():
        for cell in nbformat.read(path, as_version=4).cells:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None


def test_a_model_of_ones_own_is_converted_checked_and_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = executed("own_model", tmp_path, monkeypatch)
    assert "nucleo_f446re fits" in said
    assert "all outputs equal the reference: True" in said
    assert "CONV_2D" in said
    assert (tmp_path / "own.tflite").read_bytes()[4:8] == b"TFL3"


@pytest.mark.exhaustive
def test_a_search_gives_a_network_and_a_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = executed("search", tmp_path, monkeypatch)
    assert "trial 4: " in said
    assert "on test data" in said
    assert (tmp_path / "runs" / "search-1" / "report.html").is_file()
    assert (tmp_path / "digits_library" / "src" / "mn_network_digits.h").is_file()
