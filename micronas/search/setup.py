"""All checks of a search, made before anything is written or trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from micronas.board import Board
from micronas.codegen.lowering import Target
from micronas.config import SearchConfig
from micronas.data import Dataset, load
from micronas.errors import ConfigError, DataError, MicronasError, QuantizeError
from micronas.firmware.clock_choice import board_at
from micronas.latency.op_model import board_latency
from micronas.memory.budget import make_budget
from micronas.memory.ledger import Budget
from micronas.memory.plan.prefer import prefer_of_search
from micronas.quantize.calibration import check_calibration
from micronas.search.boards.further import config_for, named_others
from micronas.search.front_end_budget import network_budget
from micronas.search.gate import LedgerGate
from micronas.search.initial_trials import affordable, initial_trials
from micronas.search.part_check import check_parts
from micronas.search.predicted_latency.modelled import NetLatency, modelled_limit
from micronas.search.predicted_latency.source import latency_source, with_source
from micronas.search.requirements import require_device, require_packages
from micronas.search.reward_ceiling import AIM_AT_REWARD, reward_ceiling
from micronas.search.task_check import check_task
from micronas.search.workers.count import with_workers
from micronas.search.workers.ray_cluster import connected
from micronas.space import Arch, Space, make_space
from micronas.strategy import Problem
from micronas.trial import Source


@dataclass(frozen=True)
class Setup:
    """A checked search: its parts fit each other. ``net_latency`` is None unless latencies are modelled."""

    config: SearchConfig
    board: Board
    dataset: Dataset
    space: Space
    budget: Budget
    gate: LedgerGate
    first: tuple[Arch, ...]
    net_latency: NetLatency | None = None
    others: tuple[Setup, ...] = ()
    """The same search for each of ``config.other_boards``, with the same ``first``."""

    @property
    def boards(self) -> dict[str, Setup]:
        """The setup of every board by its name, this one first."""
        return {one.board.name: one for one in (self, *self.others)}

    @property
    def ceiling(self) -> Callable[[Arch], float] | None:
        """The reward of a perfect network; None where a slow network is worth a trial, too."""
        config = self.config
        if self.others or config.strategy.name not in AIM_AT_REWARD or config.estimator.name == "supernet":
            return None
        return reward_ceiling(config, self.net_latency)

    @property
    def problem(self) -> Problem:
        """What a strategy that trains a supernet or predicts must know."""
        config = self.config
        return Problem(
            config.data,
            Target(self.board.core),
            self.budget,
            self.gate.ledger,
            latency_ms=config.constraints.latency_ms,
            macs=config.constraints.macs,
            macs_of=lambda arch: self.space.net(arch).macs,
            reward=config.reward,
            error_limit=1.0 - self.dataset.majority_baseline,
            first_ask=len(self.first),
            trials=config.budget.trials,
            workers=config.workers,
            class_weights=config.estimator.class_weights,
            latency=None if self.net_latency is None else self.net_latency.of,
            op_latency=None if self.net_latency is None else self.net_latency.model,
        )


def prepare(
    config: SearchConfig, board: Board | None = None, others: tuple[Board, ...] | None = None
) -> Setup:
    """Check ``config`` and load what it names; raises the ``MicronasError`` of the first part that is
    refused.

    ``board`` and ``others`` are set by a resumed run, which keeps its original profiles.
    """
    new, board, config = board is None, board or _named_board(config), with_workers(config)
    make_budget(board, config.constraints.flash_kb, config.constraints.sram_kb)  # for its complaints, first
    check_parts(config)
    require_packages()
    if config.executor == "ray" and new:
        connected(config.ray_address)  # before there is a run folder
    require_device(config, board)
    if others is None:
        others = named_others(config, board)
    dataset = load(config.data)
    network_budget(config, board, dataset)
    check_task(config, dataset)
    _check_calibration(dataset, config)
    space = make_space(config.space, dataset.input_shape, dataset.n_outputs)
    config = with_source(config, latency_source(config, board))
    setup = _for_board(config, board, dataset, space)
    return _with_others(setup, others) if others else setup


def _for_board(config: SearchConfig, board: Board, dataset: Dataset, space: Space) -> Setup:
    """What depends on the board; raises ``BudgetError`` if no network of the space fits it."""
    budget, source = network_budget(config, board, dataset), latency_source(config, board)
    model = board_latency(board) if source is Source.MODELLED else None
    limit = modelled_limit(model, config.constraints.latency_ms)
    prefer = prefer_of_search(config.prefer)
    gate = LedgerGate(space, board, config.runtime, budget, config.constraints.macs, limit, prefer)
    net_latency = None if model is None else NetLatency(space, model, gate.deployed)
    ceiling = reward_ceiling(config, net_latency) or (lambda arch: 1.0)
    first = initial_trials(
        space,
        gate,
        gate.ledger,
        budget,
        affordable=affordable(config, space, dataset),
        ceiling=ceiling,
    )
    return Setup(config, board, dataset, space, budget, gate, first, net_latency)


def _with_others(setup: Setup, boards: tuple[Board, ...]) -> Setup:
    """``setup`` for several boards, which share their first trials; an error names the board."""
    others = []
    for board in boards:
        config = config_for(setup.config, board)
        try:
            require_device(config, board)
            others.append(_for_board(config, board, setup.dataset, setup.space))
        except MicronasError as error:
            raise type(error)(f"{board.name}: {error.message}", remedy=error.remedy) from error
    first = {setup.space.key(arch): arch for one in (setup, *others) for arch in one.first}
    shared = tuple(first.values())
    return replace(setup, first=shared, others=tuple(replace(one, first=shared) for one in others))


def plug_ins(config: SearchConfig) -> tuple[str | None, ...]:
    """Every name of a configuration that may be a part of the user's."""
    return (
        config.data.name,
        config.data.metric,
        config.space.name,
        config.strategy.name,
        config.estimator.name,
        config.reward.function,
    )


def _check_calibration(dataset: Dataset, config: SearchConfig) -> None:
    """Refuse, before the first trial, data that every trial's quantization would refuse."""
    samples = dataset.calibration(config.estimator.calibration_samples, config.seed)
    try:
        check_calibration(samples, dataset.input_shape, input_range=dataset.input_range)
    except QuantizeError as error:
        raise DataError(
            f"data set {dataset.name!r} cannot be quantized: {error.message}",
            remedy="scale the data so that its values use their range evenly, or raise "
            "estimator.calibration_samples; nothing was trained",
        ) from error


def _named_board(config: SearchConfig) -> Board:
    if config.board is None:
        raise ConfigError(
            "no board is set",
            remedy="give --board NAME; `micronas boards` lists them, `micronas boards --for MODEL.tflite` "
            "lists those that your network fits",
        )
    return board_at(config.board, config.clock_mhz)
