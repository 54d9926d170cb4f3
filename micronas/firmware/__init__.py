"""C text -> firmware.elf by PlatformIO, with a check that the linked sizes equal the ledger's.

Each build has its own folder. Objects that do not change between candidates come from a cache, and the
commands that PlatformIO ran for one candidate are rerun for the next without it (see ``replay``), in a folder
with the candidate's own files only; ``stage`` adds the rest of the PlatformIO project. Nothing is downloaded
unless MICRONAS_PLATFORM=ststm32 selects PlatformIO's registry.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from micronas.board import Board
from micronas.board.arena_location import IN_SRAM, ArenaLocation
from micronas.codegen.toolchain import require_gcc
from micronas.errors import BuildError, MachineError
from micronas.firmware.build_environment import made_by
from micronas.firmware.compiler_output import build_failure
from micronas.firmware.elf import ElfImage, LinkedSizes, linked_sizes, read_image, region_bytes
from micronas.firmware.ledger_check import (
    assert_ledger_matches,
    assert_regions_match,
    assert_same_network,
)
from micronas.firmware.program import SERVER, Program
from micronas.firmware.project import ENVIRONMENT, Project, make_project, write_project
from micronas.firmware.replay import keep_recipe, replay
from micronas.firmware.run_platformio import run_platformio, wants_registry, write_local_ini

__all__ = [
    "Firmware",
    "LinkedSizes",
    "assert_ledger_matches",
    "assert_regions_match",
    "assert_same_network",
    "build_firmware",
    "stage",
]

BUILD_DEADLINE_S = 300.0
_NOT_IN_PATHS = re.compile("[%$\"'`;{}\\[\\]#*?|&<>\\n\\r]")
_DAMAGED_OBJECT = re.compile(
    r"file truncated|file format not recognized|file not recognized|undefined reference|malformed|bad value"
)
"""The linker's complaints about an object that a loss of power or a full disk left empty or cut short."""


@dataclass(frozen=True)
class Firmware:
    """A linked image, its identity and its sizes; ``regions`` are the bytes used of each of the board's
    regions. ``project`` was built into it, with ``cache``.
    """

    board: Board
    arena_location: ArenaLocation
    elf: Path
    map_file: Path
    build_id: bytes
    linked: LinkedSizes
    regions: Mapping[str, int]
    image: ElfImage
    project: Project
    cache: Path


def stage(firmware: Firmware) -> None:
    """Write all files of the PlatformIO project beside the image, which PlatformIO needs for an upload."""
    _stage(firmware.project, firmware.elf.parent, firmware.cache)


def _stage(project: Project, folder: Path, cache: Path) -> None:
    write_project(project, folder)
    write_local_ini(folder, project.board, cache)


def build_firmware(
    sources: Mapping[str, str],
    board: Board,
    *,
    workdir: Path,
    cache_dir: Path | None = None,
    deadline_s: float = BUILD_DEADLINE_S,
    extra_flags: tuple[str, ...] = (),
    program: Program = SERVER,
    arena_location: ArenaLocation = IN_SRAM,
) -> Firmware:
    """Compile and link ``sources`` (file name -> C text) into ``program`` for ``board`` in ``workdir``.

    The network's arena goes into ``arena_location`` of the board.
    ``cache_dir`` can be shared by any number of concurrent builds; without it, the build has its own cache.
    Raises ``ToolMissingError``, ``BudgetError`` (a region overflows, with the bytes over) or ``BuildError``
    (the first messages of the compiler).
    """
    folder = workdir.resolve()
    cache = (cache_dir or folder / ".cache").resolve()
    for path, variable in ((folder, "TMPDIR"), (cache, "XDG_CACHE_HOME")):
        _require_plain(path, variable)
    if not wants_registry():
        require_gcc()
    made = made_by(registry=wants_registry())
    project = make_project(sources, board, extra_flags, program, arena_location, made)
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / ".pio" / "build" / ENVIRONMENT
    if cache_dir is None or not replay(project, folder, cache, deadline_s=deadline_s):
        _stage(project, folder, cache)
        _build(folder, board, cache, deadline_s)
        keep_recipe(project, folder, output, cache)
    elf = _publish(output, folder)
    image = read_image(elf)
    return Firmware(
        board=board,
        arena_location=arena_location,
        elf=elf,
        map_file=elf.with_suffix(".map"),
        build_id=project.build_id,
        linked=linked_sizes(image),
        regions=region_bytes(image, board),
        image=image,
        project=project,
        cache=cache,
    )


def _require_plain(path: Path, variable: str) -> None:
    """Refuse a path that PlatformIO's ini or SCons would read as a variable or as several words."""
    found = sorted(set(_NOT_IN_PATHS.findall(str(path))))
    if found:
        raise MachineError(
            f"PlatformIO cannot build in {str(path)!r}: the path contains {' '.join(found)}",
            remedy=f"set {variable} to a folder without such characters; spaces are fine",
        )


def _build(folder: Path, board: Board, cache: Path, deadline_s: float) -> None:
    """Build with PlatformIO; if its object cache turns out to be damaged, remove it and build without it."""
    finished = run_platformio(folder, "--environment", ENVIRONMENT, deadline_s=deadline_s)
    damaged = not _all_objects_whole(folder / ".pio") or _DAMAGED_OBJECT.search(finished.output)
    if finished.code == 0 and not damaged:
        return
    if not damaged:
        raise build_failure(finished.output, board.name)
    shutil.rmtree(folder / ".pio")
    write_local_ini(folder, board, cache, objects=folder / ".objects")
    again = run_platformio(folder, "--environment", ENVIRONMENT, deadline_s=deadline_s)
    write_local_ini(folder, board, cache)
    if again.code != 0:
        raise build_failure(again.output, board.name)
    shutil.rmtree(cache / "objects", ignore_errors=True)


def _all_objects_whole(folder: Path) -> bool:
    """Whether each object below ``folder`` is an ELF file: the linker takes an empty one for a script."""
    return all(_begins_as_elf(path) for suffix in ("*.o", "*.elf") for path in folder.rglob(suffix))


def _begins_as_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _publish(output: Path, folder: Path) -> Path:
    """Copy ELF and map beside the project, under the same names for every platform."""
    built = next((p for p in (output / "firmware.elf", output / "program.elf") if p.is_file()), None)
    if built is None:
        raise BuildError(f"PlatformIO reported success but left no firmware.elf in {output}")
    elf = folder / "firmware.elf"
    shutil.copyfile(built, elf)
    shutil.copyfile(output / "firmware.map", elf.with_suffix(".map"))
    return elf
