"""kill -9 at random moments, again and again: nothing finished is lost, nothing is counted twice."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

from micronas.store import Store
from tests.support import killable_search, random_kills
from tests.support.paths import REPOSITORY


def test_a_run_that_is_killed_at_random_moments_ends_with_the_same_trials(tmp_path: Path) -> None:
    seed = secrets.randbelow(2**32)  # another one each time; the message names it
    killable_search.run("random", tmp_path / "whole")
    command = [sys.executable, "-m", random_kills.__name__, str(seed), tmp_path / "cut"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    assert int(done.stdout) >= 2, f"seed {seed}: {done.stdout}"
    whole, cut = (killable_search.trials_of(tmp_path / name) for name in ("whole", "cut"))
    assert cut == whole, f"seed {seed}"
    with Store.read(tmp_path / "cut") as store:
        assert store.wall_s() > 0
        assert all(store.model(trial.number) == trial.key.encode() for trial in cut), f"seed {seed}"
