"""Generated files, written to a folder."""

from __future__ import annotations


def written(files, folder):
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder
