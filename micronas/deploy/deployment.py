"""Deployment of a model: ledger -> C -> firmware -> device -> figures. Trials, ``bench`` and the final
network of a search share this code, so every figure has the same meaning in all three.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from platformdirs import user_cache_path

from micronas.board import Board
from micronas.codegen import generate
from micronas.codegen.ram_code import RAM_CODE_FILE, input_sections
from micronas.codegen.toolchain import require_gcc
from micronas.deploy.measure import WARM_UP_RUNS, Measurement, first_wrong_op, measure
from micronas.deploy.random_input import random_input
from micronas.device.client import Client
from micronas.device.link import Link
from micronas.device.targets import (
    Device,
    DeviceImage,
    ExecutionTarget,
    execution_target,
    image_for,
    require_device,
    use_device,
)
from micronas.errors import BudgetError, BuildError, ParityError
from micronas.firmware import (
    Firmware,
    assert_ledger_matches,
    assert_regions_match,
    assert_same_network,
    build_firmware,
)
from micronas.firmware.compiler import compiler_of
from micronas.host.temporary_folder import temporary_folder
from micronas.memory.ledger import Ledger, board_budget, check, make_ledger
from micronas.model.graph import Graph
from micronas.model.interpreter import Stream, run_in_order, run_tensors

Samples: TypeAlias = Sequence[npt.NDArray[np.generic]]


@dataclass(frozen=True, eq=False)
class Deployment:
    """One model, built for its board, and run. ``wrong_op`` is the first op that differs from the reference.

    ``firmware`` is the board's and gives all sizes; ``twin`` is the firmware that an emulator ran instead, if
    that differs. ``failed_attempts`` holds the reasons for which earlier attempts on a real board failed.
    """

    graph: Graph
    ledger: Ledger
    sources: dict[str, str]
    firmware: Firmware
    twin: Firmware | None
    execution_target: ExecutionTarget
    measurement: Measurement
    wrong_op: int | None
    compiler: str
    failed_attempts: tuple[str, ...] = ()

    def require_parity(self) -> None:
        """Raise ``ParityError`` that names the first op and element, unless every output element agrees."""
        parity = self.measurement.parity
        if parity.mismatches == 0:
            return
        parts = [f"{parity.mismatches} of {parity.elements} output elements differ from the reference"]
        if self.wrong_op is not None:
            op = self.graph.ops[self.wrong_op]
            parts.append(f"the first op that differs is {self.wrong_op} ({op.kind})")
        if (at := parity.first) is not None:
            parts.append(
                f"sample {at.sample}, element {at.element}: device {at.device}, reference {at.reference}"
            )
        raise ParityError(
            "; ".join(parts),
            remedy="this is a bug in a kernel or in the compiler: keep the model and report it",
        )


@dataclass(frozen=True, eq=False)
class Built:
    """One model, built; the linker has confirmed its ledger."""

    ledger: Ledger
    sources: dict[str, str]
    firmware: Firmware


def build(
    graph: Graph, board: Board, *, workdir: Path, cache_dir: Path | None, ledger: Ledger | None = None
) -> Built:
    """Generate and build; a ledger that the linker does not confirm is a ``BuildError``.

    ``ledger`` is that of ``graph`` on ``board``, if the caller has already computed it; otherwise it is
    computed here. The linker decides whether the network fits (``BudgetError``); the ledger names the layer
    that is too large.
    """
    ledger = ledger or make_ledger(graph, board)
    sources = sources_of(graph, ledger)
    try:
        firmware = build_firmware(
            sources, board, workdir=workdir, cache_dir=cache_dir, arena_location=ledger.arena_location
        )
    except BudgetError as error:
        verdict = check(ledger, board_budget(board))
        if verdict.fits:
            raise
        reasons = f"{graph.name} does not fit {board.name}: {'; '.join(verdict.reasons)}"
        raise BudgetError(reasons, remedy="; ".join(verdict.remedies)) from error
    assert_ledger_matches(ledger, firmware.linked)
    assert_regions_match(ledger, board, firmware.regions)
    return Built(ledger, sources, firmware)


def deploy(
    graph: Graph,
    board: Board,
    samples: Samples,
    *,
    device: Device,
    workdir: Path,
    cache_dir: Path | None,
    runs: int | None = None,
    warm_up: int = WARM_UP_RUNS,
    ledger: Ledger | None = None,
) -> Deployment:
    """Build ``graph`` for ``board``, run it on ``device`` and compare it with the reference interpreter.

    ``samples`` holds one array (N, ...) per input, of the input's type; ``ledger`` as for ``build``.
    Raises the errors of its stages.
    """
    built = build(graph, board, workdir=workdir, cache_dir=cache_dir, ledger=ledger)
    twin = _build_twin(built, device, workdir / "twin", cache_dir)
    running = twin or built.firmware
    expected = run_in_order(graph, samples)

    def run(link: Link) -> tuple[Measurement, int | None]:
        client = Client(link, symbol_at=running.image.symbol_at)
        measurement = measure(
            client,
            graph,
            running.board,
            samples,
            expected,
            build_id=running.build_id,
            runs=runs,
            warm_up=warm_up,
        )
        return measurement, _wrong_op(client, graph, built.ledger, samples, measurement)

    used = use_device(device, running, run)
    measurement, wrong_op = used.value
    return Deployment(
        graph=graph,
        ledger=built.ledger,
        sources=built.sources,
        firmware=built.firmware,
        twin=twin,
        execution_target=execution_target(device, board, built.ledger.arena_location),
        measurement=measurement,
        wrong_op=wrong_op,
        compiler=compiler_of(running.map_file),
        failed_attempts=used.failures,
    )


@contextmanager
def verified_deployment(
    graph: Graph,
    board: Board,
    samples: Samples,
    *,
    device: Device,
    runs: int | None = None,
    warm_up: int = WARM_UP_RUNS,
    ledger: Ledger | None = None,
) -> Iterator[Deployment]:
    """``deploy`` in a temporary folder, which exists until the ``with`` block ends.

    Raises ``ParityError`` unless every output element agrees with the reference interpreter.
    """
    with temporary_folder() as folder:
        deployed = deploy(
            graph,
            board,
            samples,
            device=device,
            workdir=Path(folder),
            cache_dir=cache_folder(),
            runs=runs,
            warm_up=warm_up,
            ledger=ledger,
        )
        deployed.require_parity()
        yield deployed


def _build_twin(built: Built, device: Device, workdir: Path, cache_dir: Path | None) -> Firmware | None:
    """The same sources built for ``device``, or None if it runs the board's own ELF."""
    board = built.firmware.board
    image = image_for(device, board, built.ledger)
    if image == DeviceImage(board, built.firmware.arena_location):
        return None
    twin = build_firmware(
        built.sources, image.board, workdir=workdir, cache_dir=cache_dir, arena_location=image.arena_location
    )
    assert_same_network(built.firmware.linked, twin.linked)
    return twin


def require_tools(device: Device, board: Board) -> None:
    """Raise ``ToolMissingError`` or ``DeviceError`` before the first trial."""
    require_gcc()
    require_device(device, board)


def sources_of(graph: Graph, ledger: Ledger) -> dict[str, str]:
    """The C code of ``graph`` with the plan of its ``ledger``, and what of it runs from RAM: file name ->
    text.
    """
    sources = generate(graph, ledger.lowered, ledger.plan, name=graph.name)
    if ledger.ram_code is None:
        return sources
    return {**sources, RAM_CODE_FILE: input_sections(ledger.ram_code.units)}


def write_sources(sources: Mapping[str, str], folder: Path) -> Path:
    """Write C files, name -> text, into ``folder`` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def random_samples(graph: Graph, count: int, seed: int) -> list[npt.NDArray[np.generic]]:
    """Uniform samples (count, ...) for every input, so that clamping and saturation are exercised."""
    rng = np.random.default_rng(seed)
    return [random_input(graph, t, count, rng) for t in graph.inputs]


def _wrong_op(
    client: Client, graph: Graph, ledger: Ledger, samples: Samples, measurement: Measurement
) -> int | None:
    first = measurement.parity.first
    if first is None:
        return None
    tensors = _tensors_at(graph, samples, first.sample)
    return first_wrong_op(client, graph, ledger.plan.offsets, samples, first.sample, tensors)


def _tensors_at(graph: Graph, samples: Samples, number: int) -> dict[int, npt.NDArray[np.int8]]:
    """Every activation of sample ``number``, after those before it if the network has states."""
    if not graph.states:
        inputs = [values[number : number + 1] for values in samples]
        return {t: v[0] for t, v in run_tensors(graph, inputs).items()}
    stream = Stream(graph)
    for earlier in range(number):
        stream.run([values[earlier] for values in samples])
    return stream.tensors([values[number] for values in samples])


def cache_folder() -> Path:
    """Folder of compiled objects that are kept between builds, inside the user's cache folder.

    That is ``$XDG_CACHE_HOME`` or ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS, ``%LOCALAPPDATA%`` on
    Windows. Raises ``BuildError`` if there is none: for a user without HOME and without an entry in passwd.
    """
    try:
        cache = user_cache_path("micronas", appauthor=False)
    except RuntimeError:  # some versions of platformdirs raise it where others return a relative path
        cache = Path()
    if not cache.is_absolute():
        raise BuildError(
            "no folder for compiled objects: neither HOME nor XDG_CACHE_HOME is set",
            remedy="set HOME to a writable folder; PlatformIO needs it too",
        )
    return cache / "build"
