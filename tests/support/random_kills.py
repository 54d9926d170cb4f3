"""A search that is killed at random moments until it ends: ``python -m ... SEED FOLDER``.

Each attempt is a forked process, so that starting it costs milliseconds and many moments can be tried. Prints
the number of kills.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.support import killable_search

MOST_KILLS, LONGEST_S = 12, 0.35


def killed_after(seconds: float, folder: Path) -> bool:
    """Run or resume the search in a process that is killed after ``seconds``, unless it ended before."""
    child = os.fork()
    if child == 0:
        killable_search.run("random", folder)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main(seed: int, folder: Path) -> None:
    moments, kills = random.Random(seed), 0
    while kills < MOST_KILLS and killed_after(moments.uniform(0.0, LONGEST_S), folder):
        kills += 1
    killable_search.run("random", folder)
    print(kills)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
