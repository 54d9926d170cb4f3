"""The files of the network that a search returns: model, C sources and ELF, built and measured once more."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.data import Dataset, Task
from micronas.data.front_end.file import front_end_file
from micronas.deploy.deployment import cache_folder, sources_of, verified_deployment, write_sources
from micronas.deploy.modelled import try_modelled
from micronas.deploy.to_json import deployment_figures
from micronas.estimate.full import cached_dataset
from micronas.estimate.threshold import Threshold
from micronas.host.temporary_folder import temporary_folder
from micronas.memory.ledger import Budget, make_ledger
from micronas.memory.plan.prefer import prefer_of_search
from micronas.model.front_end import FILE_NAME, to_json
from micronas.search.evaluation.placement import deployed_graph, parity_samples
from micronas.search.final.front_end import final_tables, front_end_bytes, with_time
from micronas.search.pool.cluster import cluster_members
from micronas.search.pool.final_measurement import on_first_usable, run_where_attached
from micronas.search.pool.members import device_of, members_here
from micronas.search.setup import Setup
from micronas.search.workers.ray_node import SharedData
from micronas.store.deployment_figures import DeploymentFigures
from micronas.store.pool import usable_first
from micronas.trial import Json

PARITY_SAMPLES = 32


@dataclass(frozen=True)
class Deployed:
    """The figures and files of the final build, by name."""

    figures: DeploymentFigures
    files: dict[str, str]

    def unpacked(self, contents: Mapping[str, bytes], folder: Path) -> Deployed:
        """This with its files in ``folder``; ``contents`` and the paths in ``files`` are relative to it."""
        for name, data in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return replace(self, files={kind: str(folder / name) for kind, name in self.files.items()})


def write_files(setup: Setup, tflite: bytes, best: Path, pool: dict[str, Json] | None = None) -> Deployed:
    """Write model, C sources, ELF and map into ``best``; an ELF exists only if a device is configured.

    With a pool of boards, whose stored state is ``pool``, the first board that can measure does it; that may
    be one of another machine.
    """
    build = FinalBuild(setup.config, setup.board, setup.budget, setup.net_latency is not None)

    def here(board_id: str) -> Deployed:
        return write_build(build, setup.dataset, tflite, best, board_id)

    if not setup.config.has_pool:
        return here("")
    if setup.config.device == "serial" and setup.config.executor == "ray":
        attached = cluster_members(setup.config, setup.board.name)
        shared = SharedData.of(setup.config.data, setup.dataset)
        work = functools.partial(write_on_node, shared, build, tflite)

        def there(board_id: str) -> Deployed:
            found, contents = run_where_attached(setup.config.ray_address, attached[board_id], work, board_id)
            return found.unpacked(contents, best)

        return on_first_usable(usable_first(pool or {}, tuple(attached)), there)
    return on_first_usable(usable_first(pool or {}, members_here(setup.config)), here)


@dataclass(frozen=True)
class FinalBuild:
    """What the final build depends on besides the network and the data; small and picklable.

    ``modelled``: the timing model's latency is added.
    """

    config: SearchConfig
    board: Board
    budget: Budget
    modelled: bool


def write_on_node(
    shared: SharedData, build: FinalBuild, tflite: bytes, board_id: str
) -> tuple[Deployed, dict[str, bytes]]:
    """``write_build`` on a node of a cluster: the figures, and the contents of all files by their path."""
    shared.keep()
    with temporary_folder() as name:
        folder = Path(name) / "best"  # the temporary folder has files of its own
        found = write_build(build, cached_dataset(build.config.data), tflite, folder, board_id)
        contents = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        files = {kind: Path(path).relative_to(folder).as_posix() for kind, path in found.files.items()}
        return replace(found, files=files), contents


def write_build(
    setup: FinalBuild, dataset: Dataset, tflite: bytes, best: Path, board_id: str = ""
) -> Deployed:
    """Build and measure on this machine, on board ``board_id`` of a pool; see ``write_files``."""
    best.mkdir(exist_ok=True)
    graph, removed = deployed_graph(tflite, "best", setup.config, dataset)
    (best / "model.tflite").write_bytes(tflite)
    names = dataset.class_names if dataset.task is Task.CLASSIFY else ()  # others name no outputs
    if names:
        text = "\n".join(names) + "\n"
        (best / "labels.txt").write_text(text, encoding="utf-8", errors="surrogateescape")
    write_front_end(dataset, best / FILE_NAME)
    files = {
        "tflite": best / "model.tflite",
        **({"labels": best / "labels.txt"} if names else {}),
        "front_end": best / FILE_NAME,
    }
    ledger = make_ledger(
        graph, setup.board, within=setup.budget, prefer=prefer_of_search(setup.config.prefer)
    )
    tables = final_tables(setup.config, dataset, graph)
    front = front_end_bytes(tables, setup.board, ledger, graph)
    if setup.config.device == "none":
        files["c"] = write_sources(sources_of(graph, ledger), best / "c")
        found = DeploymentFigures(constant_channels=removed, front_end=front)
        return Deployed(found, {name: str(path) for name, path in files.items()})
    samples = parity_samples(graph, dataset, PARITY_SAMPLES)
    device = device_of(setup.config, board_id)
    with verified_deployment(graph, setup.board, samples, device=device, ledger=ledger) as deployed:
        found = replace(deployment_figures(deployed), constant_channels=removed)
        if setup.modelled:
            timed, why_not = try_modelled(deployed, samples, cache_folder())
            found = replace(found, modelled=timed.latency if timed else None, not_modelled=why_not)
        if tables is not None and front is not None:
            found = replace(found, front_end=with_time(front, deployed, tables, device))
        files["c"] = write_sources(deployed.sources, best / "c")
        files["elf"] = Path(shutil.copy(deployed.firmware.elf, best / "firmware.elf"))
        files["map"] = Path(shutil.copy(deployed.firmware.map_file, best / "firmware.map"))
    return Deployed(found, {name: str(path) for name, path in files.items()})


def write_front_end(dataset: Dataset, path: Path, threshold: Threshold | None = None) -> None:
    """Write the JSON file that says what the device computes before the network."""
    thresholds = {} if threshold is None else {threshold.name: threshold.value}
    text = json.dumps(to_json(front_end_file(dataset, thresholds)), indent=2) + "\n"
    path.write_text(text, encoding="utf-8")
