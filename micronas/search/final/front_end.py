"""What the front end takes beside the reported network: predicted bytes, and the time of one input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from micronas.board import Board
from micronas.codegen.front_end import Tables, front_end_tables
from micronas.config import SearchConfig
from micronas.data import Dataset
from micronas.data.front_end.file import front_end_file
from micronas.deploy.deployment import Deployment, cache_folder
from micronas.deploy.device_accuracy import run_front_end
from micronas.device.targets import Device
from micronas.errors import BudgetError, ModelError
from micronas.host.temporary_folder import temporary_folder
from micronas.memory.front_end_cost import front_end_cost
from micronas.memory.ledger import Ledger
from micronas.model.front_end import PACKAGED
from micronas.model.graph import Graph
from micronas.store.deployment_figures import FrontEndFigures


def final_tables(config: SearchConfig, dataset: Dataset, graph: Graph) -> Tables | None:
    """The constants of the front end; None if it has no C, or the network runs in another runtime.

    Also None for the packaged digits, as in ``cost_of_file``.
    """
    if config.runtime != "micronas" or dataset.front_end.name == PACKAGED:
        return None
    try:
        return front_end_tables(front_end_file(dataset), graph)
    except ModelError:  # the user's own code computes it
        return None


def front_end_bytes(
    tables: Tables | None, board: Board, ledger: Ledger, graph: Graph
) -> FrontEndFigures | None:
    """Predicted bytes beside those of the network; None without C."""
    if tables is None:
        return None
    cost = front_end_cost(tables)
    sram_bytes = cost.sram_bytes(ledger.arena_bytes, bool(graph.states))
    return FrontEndFigures(cost.flash_bytes(board.core), sram_bytes)


def with_time(
    found: FrontEndFigures, deployed: Deployment, tables: Tables, device: Device
) -> FrontEndFigures:
    """``found`` with the latency of one input, or why it could not be run beside the network."""
    with temporary_folder() as folder:
        try:
            run = run_front_end(deployed, tables, device, workdir=Path(folder), cache_dir=cache_folder())
        except (BudgetError, ModelError) as error:
            return replace(found, not_run=error.message)
    latency = run.latency
    return replace(
        found, instructions=latency.instructions, ms=latency.ms, source=latency.source.value, not_run=""
    )
