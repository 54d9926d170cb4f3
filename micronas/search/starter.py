"""A commented search configuration to start with, whose constraints suit a board and a data set."""

from __future__ import annotations

import os
from dataclasses import dataclass

import yaml

from micronas.board import Board
from micronas.config import DataConfig, SpaceConfig
from micronas.data import DataKind, Dataset, Task
from micronas.errors import BudgetError
from micronas.memory.budget import less_front_end, make_budget
from micronas.search.front_end_budget import dataset_front_end
from micronas.search.gate import LedgerGate
from micronas.search.initial_trials import initial_trials
from micronas.space import make_space

_SHARES = (0.5, 0.75, 0.95)
"""Shares of the board's memory for the network: the first one that fits the smallest networks is proposed."""

_TARGET_MS = 100
_MOST_WORKERS = 2


@dataclass(frozen=True)
class Constraints:
    """Proposed flash and SRAM in KB, and what the board has."""

    flash_kb: int
    sram_kb: int
    board_flash_kb: int
    board_sram_kb: int


def propose(board: Board, dataset: Dataset) -> Constraints:
    """Memory for the network, less than the board has; raises ``BudgetError`` if no network fits."""
    space = make_space(SpaceConfig(name=space_for(dataset)), dataset.input_shape, dataset.n_outputs)
    refusal: BudgetError | None = None
    for share in _SHARES:
        flash_kb, sram_kb = (int(share * size / 1024) for size in (board.flash_bytes, board.sram_bytes))
        budget = less_front_end(make_budget(board, flash_kb, sram_kb), dataset_front_end(dataset), board)
        gate = LedgerGate(space, board, "micronas", budget)
        try:
            initial_trials(space, gate, gate.ledger, budget)
        except BudgetError as error:
            refusal = error
            continue
        return Constraints(flash_kb, sram_kb, board.flash_bytes // 1024, board.sram_bytes // 1024)
    assert refusal is not None
    raise refusal


def space_for(dataset: Dataset) -> str:
    """Anomalies are found by reconstruction, classes and numbers by convolutions."""
    return "autoencoder" if dataset.task is Task.DETECT_ANOMALIES else "layerwise"


def starter_text(
    board: str, profile: Board, data: DataConfig, dataset: Dataset, constraints: Constraints
) -> str:
    """The YAML; ``board`` is as the user named it."""
    section = yaml.safe_dump(
        data.model_dump(mode="json", exclude_defaults=True, exclude_none=True) | {"name": data.name},
        default_flow_style=True,
        sort_keys=False,
        width=10_000,
    ).strip()
    device = "qemu" if profile.emulator else "none"
    return _TEXT.format(
        about=about(dataset),
        figure=dataset.figure,
        board=board,
        title=profile.title,
        data=section + _about_sensors(dataset),
        features=_AUDIO_FEATURES if dataset.front_end.name in ("logmel", "mfcc", "micro") else "",
        space=space_for(dataset),
        constraints=constraints,
        target_ms=_TARGET_MS,
        workers=min(_MOST_WORKERS, os.cpu_count() or 1),
        device=device,
    )


def _about_sensors(dataset: Dataset) -> str:
    """A comment for streams that may be the axes of a sensor: only the user knows how it is mounted."""
    if dataset.kind is not DataKind.STREAM or dataset.input_shape[2] < 3 or dataset.task is not Task.CLASSIFY:
        return ""
    return "\n# If channels 0 to 2 are a sensor worn in any direction, add triads: [[0, 1, 2]] to data."


def about(dataset: Dataset) -> str:
    """``850 samples of 28 x 28 x 1 in 10 classes (digits)``."""
    count = len(dataset.train) + len(dataset.validation) + len(dataset.test)
    shape = " x ".join(map(str, dataset.input_shape))
    if dataset.task is Task.DETECT_ANOMALIES:
        return f"{count:,} samples of {shape}, normal and anomalous ({dataset.name})"
    if dataset.target is not None:
        what = (
            f"{dataset.target.name} in {dataset.target.unit}" if dataset.target.unit else dataset.target.name
        )
        return f"{count:,} samples of {shape} to predict {what} ({dataset.name})"
    return f"{count:,} samples of {shape} in {dataset.n_classes} classes ({dataset.name})"


_AUDIO_FEATURES = """\
# More of data.options:
#   front_end: mfcc       10 coefficients per frame in place of 40 bands: a smaller input and network
#   front_end: micro      TensorFlow Lite Micro's features: lowers steady noise, evens out loudness
#   mel_scale: slaney, mel_norm: slaney, log: db        as librosa does by default
"""
_TEXT = """\
# A search for {title}: {about}.
# Every key is optional, with a default value.
board: {board}
data: {data}
{features}
# Which networks may be proposed, and by which strategy. `micronas strategies` lists the combinations.
space: {{name: {space}}}
strategy: {{name: aging_evolution}}

# The part of the board's memory that the network may use. The rest is for your own program.
constraints:
  flash_kb: {constraints.flash_kb:<15} # the board has {constraints.board_flash_kb}
  sram_kb: {constraints.sram_kb:<16} # the board has {constraints.board_sram_kb}
  # latency_ms: 50          # a hard limit: slower networks do not count

# What is maximised: the {figure}, reduced if the network is slower than the target.
reward: {{target_ms: {target_ms}, mode: hard}}

# The search ends at whichever limit comes first. Higher limits find better networks.
budget: {{trials: 40, minutes: 10}}
workers: {workers}                  # networks trained at a time
final_fit: {{epochs: 60}}     # of the network that is reported

device: {device:<19} # where candidates run: qemu, renode, serial (a board), or none
seed: 0
"""
