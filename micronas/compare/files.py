"""The result files of a comparison: results.json, results.md and results.html."""

from __future__ import annotations

import json
from pathlib import Path

from micronas.compare.markdown import markdown
from micronas.compare.page import page
from micronas.compare.results import Results, results_to_json
from micronas.host.durable import replace_durably


def write_files(results: Results, folder: Path) -> tuple[Path, ...]:
    """Write all three, each atomically, and return their paths."""
    texts = {
        "results.md": markdown(results),
        "results.json": json.dumps(results_to_json(results), indent=1) + "\n",
        "results.html": page(results),
    }
    for name, text in texts.items():
        draft = folder / f"{name}.new"
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        replace_durably(draft, folder / name)
    return tuple(folder / name for name in texts)
