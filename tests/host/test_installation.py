"""Commands that install what is missing name packages that there are."""

from __future__ import annotations

import shlex
import sys
import tomllib

from micronas.host.installation import install_command
from tests.support.paths import REPOSITORY


def test_a_missing_package_is_asked_for_in_the_wanted_version() -> None:
    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (wanted,) = (line for line in extras["search"] if line.startswith("tensorflow"))
    words = shlex.split(install_command("tensorflow", "pillow"))
    assert words[-3] == "install"
    assert set(words[-2].removeprefix("tensorflow").split(",")) == set(
        wanted.removeprefix("tensorflow").split(",")
    )
    assert words[-1].startswith("pillow")
    assert words[0] in ("pip", sys.executable)


def test_no_message_asks_for_a_package_called_micronas() -> None:
    """There is none of that name in the registry."""
    sources = (REPOSITORY / "micronas").rglob("*.py")
    wrong = [p for p in sources if "pip install micronas" in (t := p.read_text("utf-8")) or "'micronas[" in t]
    assert wrong == []
