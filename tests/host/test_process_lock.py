"""One process at a time, whichever system; nothing is left behind by one that was killed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from micronas.host.process_lock import HeldError, ProcessLock, owner_of
from tests.support.paths import REPOSITORY

HOLD = (
    "import sys, time\nfrom pathlib import Path\nfrom micronas.host.process_lock import ProcessLock\n"
    "lock = ProcessLock(Path(sys.argv[1]))\nlock.acquire()\nprint(1, flush=True)\ntime.sleep(60)\n"
)


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert owner_of(path) == ""
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    other.stdout.readline()
    lock = ProcessLock(path)
    with pytest.raises(HeldError) as held:
        lock.acquire()
    assert held.value.owner == str(other.pid) == owner_of(path)
    other.kill()
    other.wait()
    assert owner_of(path) == ""
    lock.acquire()
    lock.release()
    lock.release()
    assert owner_of(path) == ""


UNIX_ONLY = {"fcntl", "pwd", "grp", "termios", "tty", "pty", "resource"}


def test_no_module_imports_what_windows_lacks() -> None:
    found = []
    for path in sorted((REPOSITORY / "micronas").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path.name}: {name}" for name in names if name in UNIX_ONLY]
    assert found == []


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")
def test_links_and_pipes_in_a_shared_folder_are_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("dear")
    (tmp_path / "lock").symlink_to(mine)
    with pytest.raises(OSError, match="symbolic links"):
        ProcessLock(tmp_path / "lock").acquire()
    os.mkfifo(tmp_path / "other.pid")
    held = ProcessLock(tmp_path / "other")
    (tmp_path / "third.pid").symlink_to(mine)
    third = ProcessLock(tmp_path / "third")
    held.acquire()
    third.acquire()
    assert (owner_of(tmp_path / "other"), owner_of(tmp_path / "third")) == (str(os.getpid()),) * 2
    (tmp_path / "other.pid").unlink()
    os.mkfifo(tmp_path / "other.pid")
    (tmp_path / "third.pid").write_text("\x1b[2J7")
    assert (owner_of(tmp_path / "other"), owner_of(tmp_path / "third")) == ("unknown", "unknown")
    assert mine.read_text() == "dear"
    held.release()
    third.release()
