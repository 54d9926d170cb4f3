"""``python -m tests.support.untrained_search WORDS``: the command line, with trainings that take no time.

Data, space, budgets, workers, loop, store, files and report are the real ones. A trial's network has random
weights; its quality and latency are made up from its multiply-accumulates, the larger the better and slower.
Environment: SECONDS_PER_TRIAL (default 0).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from micronas.board import Board
from micronas.config import RewardConfig, SearchConfig
from micronas.data import load
from micronas.memory.ledger import make_ledger
from micronas.model.graph import Graph
from micronas.model.net import shape_graph
from micronas.model.tflite.writer import write
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.space import make_space
from micronas.space.reference.random_weights import random_weights
from micronas.store.other_boards import BOARDS, board_entry
from micronas.strategy.reward import reward
from micronas.trial import Json, Latency, Outcome, Scores, Source

MACS_PER_MS = 20_000

IMAGE = "micronas.search.workers.executor"
"""In place of ``micronas.search.workers.search_executor.WORKER_IMAGE``: these workers need no TensorFlow."""


def make_evaluator(
    config: SearchConfig, board: Board, others: Sequence[tuple[SearchConfig, Board]] = ()
) -> Evaluate:
    """In place of ``micronas.search.evaluation.stages.make_evaluator``."""
    boards = {one.name: one for one in (board, *(other for _, other in others))}
    dataset = load(config.data)
    space = make_space(config.space, dataset.input_shape, dataset.n_classes)

    def evaluate(task: TrialTask) -> TrialResult:
        time.sleep(float(os.environ.get("SECONDS_PER_TRIAL", "0")))
        net = space.net(space.from_json(task.arch))
        graph = random_weights(shape_graph(net), seed=task.number)
        entries: dict[str, Json] = {
            name: board_entry(Outcome.COMPLETE, scores_on(boards[name], graph, net.macs, config.reward))
            for name in task.boards
            if name != board.name
        }
        fits = not task.boards or board.name in task.boards
        return TrialResult(
            Outcome.COMPLETE if fits else Outcome.INFEASIBLE,
            scores_on(board, graph, net.macs, config.reward) if fits else None,
            details={BOARDS: entries} if task.boards else {},
            tflite=write(graph),
        )

    return evaluate


def scores_on(board: Board, graph: Graph, macs: int, rewards: RewardConfig) -> Scores:
    """Sizes by the ledger; a quality and a latency that grow with ``macs``."""
    ledger = make_ledger(graph, board)
    quality, ms = 1 - 1 / (1 + macs / 100_000), macs / MACS_PER_MS
    return Scores(
        quality_int8=quality,
        quality_float=quality,
        flash_bytes=ledger.flash_bytes,
        sram_bytes=ledger.sram_bytes,
        macs=macs,
        parameters=1,
        latency=Latency(ms, Source.EMULATED, instructions=macs),
        reward=reward(quality, ms, rewards),
        epochs=1,
        train_cpu_s=0.0,
    )


if __name__ == "__main__":
    from micronas.cli import main
    from micronas.search.workers import search_executor as workers
    from tests.support import untrained_search

    workers.make_evaluator = untrained_search.make_evaluator  # type: ignore[assignment]
    workers.WORKER_IMAGE = untrained_search.IMAGE
    main()
