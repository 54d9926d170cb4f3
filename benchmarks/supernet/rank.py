"""What shared weights cost, and how well they rank: tau over random networks against training alone.

    python -m benchmarks.supernet.rank benchmarks/configs/kws_gsc12.yaml --cpu-s 80 --networks 12

The networks are drawn evenly from the region, within the flash and SRAM budgets of the configuration; each is
trained alone as a trial would be, and compared by float validation accuracy (AUC for autoencoders).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np

from micronas.board import load_board
from micronas.config import SearchConfig, load_config
from micronas.estimate.full import cached_dataset
from micronas.estimate.rank import kendall_tau
from micronas.search.subnets.search import RegionWalk
from micronas.supernet.block_region import BlockRegion
from micronas.supernet.region import Genes
from micronas.train.process import leave_graphs_unfused, prepare_process
from micronas.train.settings import TrainSettings
from micronas.train.time_limit import TimeLimit


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("--board", default="nucleo_f446re", help="where the configuration names none")
    parser.add_argument("--cpu-s", type=float, default=math.inf, help="limit on training the shared weights")
    parser.add_argument("--networks", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    observed = parser.parse_args()
    prepare_process()
    config = load_config(observed.config)
    print(
        json.dumps(rank(config, observed.board, observed.cpu_s, observed.networks, observed.seed), indent=1)
    )


def rank(config: SearchConfig, board: str, cpu_s: float, networks: int, seed: int) -> dict[str, float]:
    """The figures by name; times are CPU seconds."""
    from micronas.supernet.fit import fit_supernet, settings_of
    from micronas.train.train import train

    dataset, walk = cached_dataset(config.data), RegionWalk(config, load_board(config.board or board))
    region = walk.region
    if isinstance(region, BlockRegion):
        leave_graphs_unfused()  # as the stage of a search does
    drawn = distinct(walk, networks, np.random.default_rng(seed + 100))
    settings = settings_of(region, config.estimator.supernet.epochs)
    fitted = fit_supernet(region, dataset, settings, seed, TimeLimit(cpu_s=cpu_s))
    start = time.process_time()
    shared = [fitted.supernet.accuracy(genes) for genes in drawn]
    each_s = (time.process_time() - start) / len(drawn)
    start, alone_as = time.process_time(), TrainSettings.from_config(config.estimator)
    alone = [train(region.net(genes), dataset, alone_as, seed).accuracy for genes in drawn]
    alone_s = (time.process_time() - start) / len(drawn)
    steps = fitted.epochs * (len(dataset.train) // settings.batch_size)
    return {
        "epochs": fitted.epochs,
        "training": fitted.cpu_s,
        "per_step": fitted.cpu_s / steps,
        "per_score": each_s,
        "per_training_alone": alone_s,
        "lowest_alone": min(alone),
        "highest_alone": max(alone),
        "tau": kendall_tau(shared, alone),
        "tau_of_macs": kendall_tau([float(region.net(genes).macs) for genes in drawn], alone),
    }


def distinct(walk: RegionWalk, count: int, rng: np.random.Generator) -> list[Genes]:
    """``count`` different networks of the region within its budgets."""
    found: dict[str, Genes] = {}
    while len(found) < count:
        genes = walk.region.sample(rng)
        if walk.fits(genes):
            found.setdefault(walk.region.key(genes), genes)
    return list(found.values())


if __name__ == "__main__":
    main()
