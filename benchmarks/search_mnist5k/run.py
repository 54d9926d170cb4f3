"""Repeat the search comparison on 5,000 MNIST digits: class A and B, three seeds, 600 s on a core each.

    python -m benchmarks.search_mnist5k.run --jobs 2                # about an hour on two cores
    python -m benchmarks.search_mnist5k.run --only-table            # what is there so far

Every run is a `micronas search` of its own below --out. A run that was interrupted is resumed, a finished
one is left alone, so the command may be stopped and given again. CPU time is the kernel's count for the
search process and its workers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.search_mnist5k.table import markdown

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
CLASSES = ("a", "b")


@dataclass(frozen=True)
class Job:
    """One search: a class of the comparison and a seed."""

    size: str
    seed: int
    strategy: str

    @property
    def name(self) -> str:
        return f"class_{self.size}-{self.strategy}-seed{self.seed}"


def main() -> None:
    options = parse()
    jobs = [
        Job(size, seed, options.strategy)
        for seed in range(options.seeds)
        for size in CLASSES
        if size in options.classes
    ]
    if not options.only_table:
        run_all(jobs, options.out, options.jobs, options.minutes)
    text = markdown(options.out)
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=REPOSITORY / "runs" / "search_mnist5k")
    parser.add_argument("--jobs", type=int, default=1, help="searches at a time, one core each")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--classes", default="ab")
    parser.add_argument("--strategy", default="aging_evolution")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only-table", action="store_true")
    parser.add_argument("--write", type=Path, help="write the table to this file too")
    return parser.parse_args()


def run_all(jobs: Sequence[Job], out: Path, at_once: int, minutes: float) -> None:
    out.mkdir(parents=True, exist_ok=True)
    waiting = [job for job in jobs if not finished(out / job.name)]
    running: dict[int, Job] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            job = waiting.pop(0)
            running[start(job, out, minutes)] = job
            print(f"started  {job.name}", flush=True)
        pid, status, usage = os.wait4(-1, 0)
        if pid not in running:
            continue
        job = running.pop(pid)
        add_cpu(out / job.name, usage.ru_utime + usage.ru_stime)
        print(f"{'finished' if status == 0 else 'FAILED  '} {job.name}", flush=True)


def finished(folder: Path) -> bool:
    return (folder / "result.json").is_file()


def start(job: Job, out: Path, minutes: float) -> int:
    folder = out / job.name
    command = [sys.executable, "-m", "micronas", "search"]
    if (folder / "run.sqlite").is_file():
        command += ["--resume", str(folder)]
    else:
        config = REPOSITORY / "search_configs" / f"mnist5k_class_{job.size}.yaml"
        command += [str(config), "--runs", str(out), "--run", job.name, "--seed", str(job.seed)]
        command += ["--minutes", str(minutes), "--workers", "1", "--strategy", job.strategy]
    with (out / f"{job.name}.log").open("a") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT).pid


def add_cpu(folder: Path, seconds: float) -> None:
    """Keep the CPU time of all attempts at a run; one that was killed together with this script is lost."""
    path = folder / "cpu.json"
    if folder.is_dir():
        before = json.loads(path.read_text()) if path.is_file() else 0.0
        path.write_text(json.dumps(before + seconds))


if __name__ == "__main__":
    main()
