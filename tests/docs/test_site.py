"""The site builds without a warning, needs no other host, and leads its links to pages of its own."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY, TOOLS

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(TOOLS))
    import mkdocs_hooks


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_built(site: Path) -> None:
    pages = [p.relative_to(REPOSITORY / "docs") for p in (REPOSITORY / "docs").rglob("*.md")]
    expected = [*pages, *map(Path, mkdocs_hooks.PAGES.values())]
    assert [page for page in expected if not (site / page.with_suffix(".html")).is_file()] == []


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    loads = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//[^\s\"'>]+")
    found = {
        page.name: loads.findall(page.read_text(encoding="utf-8"))
        for page in site.rglob("*.html")
        if page.name != "404.html"
    }
    assert found
    assert {page: urls for page, urls in found.items() if urls} == {}


def test_links_lead_from_page_to_page() -> None:
    text = "[a](../../PROTOCOL.md#hello) [b](../background/nas.md) [c](https://x.org/y) [d](#here)"
    assert mkdocs_hooks.relinked(text, "docs/guides/x.md", "guides/x.md") == (
        "[a](../reference/protocol.md#hello) [b](../background/nas.md) [c](https://x.org/y) [d](#here)"
    )
    text = "[p](PROTOCOL.md) [boards](docs/reference/boards.md)"
    assert mkdocs_hooks.relinked(text, "ARCHITECTURE.md", "background/architecture.md") == (
        "[p](../reference/protocol.md) [boards](../reference/boards.md)"
    )


def test_a_link_into_the_sources_becomes_text() -> None:
    text = "see [the schema](../../micronas/config/schema.py) in [config](../../micronas/config)"
    found = mkdocs_hooks.relinked(text, "docs/guides/x.md", "guides/x.md")
    assert found == "see the schema (`micronas/config/schema.py`) in `config`"


def test_a_link_to_nothing_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        mkdocs_hooks.relinked("[x](../../NOTHING.md)", "docs/guides/x.md", "guides/x.md")
    assert "docs/guides/x.md links to NOTHING.md, which is not in the repository" in caplog.text
