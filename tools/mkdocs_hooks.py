"""Hooks of mkdocs.yml: pages of the site that are outside docs/, and links that leave the site.

A link is written for a checkout (``../../PROTOCOL.md``). On the site, it leads to the page of that file; a
link to any other file of the repository becomes its path as text, because the site has no copy.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "ARCHITECTURE.md": "background/architecture.md",
    "CONTRIBUTING.md": "guides/contributing.md",
    "PROTOCOL.md": "reference/protocol.md",
    "benchmarks/README.md": "background/benchmarks.md",
    "benchmarks/compare/README.md": "background/comparisons.md",
}
"""File of the repository -> its page on the site."""

LINK = re.compile(r"\[([^\]\n]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
_log = logging.getLogger("mkdocs.hooks.micronas")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are outside docs/."""
    for source, target in PAGES.items():
        files.append(File.generated(config, target, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Lead every link to a page of the site, or leave its path as text."""
    site_path = page.file.src_uri
    sources = {target: source for source, target in PAGES.items()}
    return relinked(markdown, sources.get(site_path, f"docs/{site_path}"), site_path)


def relinked(markdown: str, source: str, site_path: str) -> str:
    """``markdown`` of the repository file ``source`` with its links as the page ``site_path`` needs them."""

    def link(found: re.Match[str]) -> str:
        text, target, anchor = found[1], found[2], found[3] or ""
        if "://" in target:
            return found[0]
        path = os.path.normpath(os.path.join(os.path.dirname(source), target))
        if not (ROOT / path).exists():
            _log.warning("%s links to %s, which is not in the repository", source, path)
        page = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        if page is None:
            return f"`{text}`" if text in path else f"{text} (`{path}`)"
        return f"[{text}]({os.path.relpath(page, os.path.dirname(site_path))}{anchor})"

    return LINK.sub(link, markdown)
