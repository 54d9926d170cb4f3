"""A page in headless Chromium, driven by its executable: what a script finds, and the console's messages."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_DEADLINE_S = 120
_RESULT = re.compile(r'<pre id="found">(.*?)</pre>', re.DOTALL)
_FRAME = """<!doctype html><body style="margin:0">
<iframe id="frame" style="width:{width}px;height:2000px;border:0" src="{page}"></iframe>
<script>
const frame = document.getElementById("frame");
frame.onload = () => setTimeout(() => {{
  const page = frame.contentDocument, view = frame.contentWindow;
  let found;
  try {{ found = (() => {{ {script} }})(); }} catch (error) {{ found = {{error: String(error)}}; }}
  const out = document.createElement("pre");
  out.id = "found";
  out.textContent = JSON.stringify(found);
  document.body.append(out);
}}, 200);
</script>"""


@dataclass(frozen=True)
class Seen:
    """What the script returned, and the messages of the console."""

    found: Any
    console: list[str]


def chromium() -> str:
    """Its path; skips the test on a machine without it."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on PATH (Debian: apt-get install chromium)")
    return path


def look(page: Path, script: str, folder: Path, *, width: int = 1280) -> Seen:
    """Open ``page`` ``width`` pixels wide and run ``script`` in it.

    The script may use ``page`` (the document) and ``view`` (its window); it returns what JSON can hold.
    """
    frame = folder / "frame.html"
    frame.write_text(
        _FRAME.format(width=width, page=page.resolve().as_uri(), script=script), encoding="utf-8"
    )
    done = subprocess.run(
        [
            *(
                chromium(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--allow-file-access-from-files",
                "--enable-logging=stderr",
            ),
            *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"),
            *("--window-size=1400,2200", frame.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=_DEADLINE_S,
    )
    result = _RESULT.search(done.stdout)
    assert result, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Seen(json.loads(html.unescape(result.group(1))), console)
