"""kill -9 and resume, for each strategy: the run ends with the trials of one that was left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from micronas.strategy import STRATEGIES
from tests.support import killable_search
from tests.support.killable_search import trials_of
from tests.support.paths import REPOSITORY


def start(name: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", killable_search.__name__, name, folder], cwd=REPOSITORY)


@pytest.mark.parametrize("name", [*STRATEGIES, killable_search.PREFILTERED])
def test_a_killed_run_ends_with_the_same_trials(name: str, tmp_path: Path) -> None:
    killable_search.run(name, tmp_path / "whole")
    whole = trials_of(tmp_path / "whole")
    assert [trial.number for trial in whole] == list(range(killable_search.TRIALS))
    assert len({trial.key for trial in whole}) > killable_search.TRIALS / 2
    process, deadline = start(name, tmp_path / "cut"), time.monotonic() + 60
    while len(trials_of(tmp_path / "cut")) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    cut = trials_of(tmp_path / "cut")
    assert 6 <= len(cut) < killable_search.TRIALS
    assert cut == whole[: len(cut)]
    killable_search.run(name, tmp_path / "cut")
    assert trials_of(tmp_path / "cut") == whole
