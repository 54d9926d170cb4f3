"""A staged PlatformIO project: every file of one build, as text, and the folder to which it is written.

The staged folder holds everything that the build reads. Two builds therefore share only the cache, and the
build id can be the hash of exactly what is compiled.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from micronas.board import Board
from micronas.board.arena_location import IN_SRAM, ArenaLocation
from micronas.codegen.ram_code import RAM_CODE_FILE
from micronas.firmware.board_header import board_header
from micronas.firmware.families import family_of
from micronas.firmware.linker_script import linker_script
from micronas.firmware.program import SERVER, Program
from micronas.host.resources import resource

BUILD_ID_BYTES = 16
ENVIRONMENT = "board"
"""PlatformIO's name of the build. SCons caches an object under its path, which has this name in it: with one
name for all boards, boards of one core share the objects that do not depend on the board.
"""
_COPIED = ("lib", "scripts", "port/common")
_SOURCE_SUFFIXES = (".c", ".h", ".S", ".py")


@dataclass(frozen=True)
class Project:
    """Files of one build, relative path -> text, and the id that is compiled into it."""

    board: Board
    files: Mapping[str, str]
    build_id: bytes


def make_project(
    sources: Mapping[str, str],
    board: Board,
    extra_flags: tuple[str, ...] = (),
    program: Program = SERVER,
    arena_location: ArenaLocation = IN_SRAM,
    made_by: str = "",
) -> Project:
    """The project that compiles ``sources`` (file name -> text) for ``board``; opens only firmware/.

    The network's arena is linked into ``arena_location``, and the sections that the file ``RAM_CODE_FILE``
    of ``sources`` names into the board's memory for code. ``made_by`` names the compiler and the build tools
    (see ``build_environment``); the build id is the hash of it and of all files.
    """
    files = _firmware_files(board, program)
    files |= {f"src/model/{name}": text for name, text in sources.items()}
    files |= {f"include/{name}": text for name, text in program.headers.items()}
    ram_code = files.pop(f"src/model/{RAM_CODE_FILE}", "")
    files["include/mn_board.h"] = board_header(board, ram_code=bool(ram_code))
    files["linker.ld"] = linker_script(board, arena_location, ram_code)
    files["platformio.env.ini"] = environment_ini(board, extra_flags)
    files["made_by.json"] = made_by
    build_id = hash_files(files)
    files["src/mn_build_id.c"] = _build_id_source(build_id)
    return Project(board, files, build_id)


def hash_files(files: Mapping[str, str]) -> bytes:
    """A 16-byte hash of all names and contents."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name, files[name]):
            data = part.encode()
            digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()[:BUILD_ID_BYTES]


def write_project(project: Project, folder: Path) -> None:
    """Write the project; files with the right content are not touched, and all other files are removed."""
    for stale in _compiled_files(folder) - project.files.keys():
        (folder / stale).unlink()
    for name, text in project.files.items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _compiled_files(folder: Path) -> set[str]:
    paths = (p for name in ("src", "lib", "port") for p in (folder / name).rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix() for p in paths}


def environment_ini(board: Board, extra_flags: tuple[str, ...] = ()) -> str:
    """The board's PlatformIO environment, the same with and without PlatformIO's registry."""
    lines = [
        f"[env:{ENVIRONMENT}]",
        f"board = {board.platformio_board}",
        "board_build.ldscript = linker.ld",
        f"board_build.f_cpu = {board.clock.hz}L",
        f"custom_core_flags = {' '.join(board.core.compiler_flags)}",
        f"upload_protocol = {board.upload.protocol}",
    ]
    if extra_flags:
        lines.append("build_flags = ${env.build_flags} " + " ".join(extra_flags))
    return "\n".join(lines) + "\n"


def board_manifest(board: Board) -> str:
    """PlatformIO's JSON description of the board, for the platform in firmware/platform."""
    manifest = {
        "name": board.title,
        "vendor": "STMicroelectronics",
        "url": "https://www.st.com",
        "build": {"mcu": board.mcu.lower(), "cpu": board.core.value, "f_cpu": f"{board.clock.hz}L"},
        "upload": {"maximum_size": board.flash_bytes, "maximum_ram_size": board.sram_bytes},
    }
    return json.dumps(manifest, indent=2) + "\n"


def _firmware_files(board: Board, program: Program) -> dict[str, str]:
    drivers = (f"port/{driver}" for driver in family_of(board).drivers)
    folders = (*_COPIED, *program.paths, f"port/{board.family}", *drivers)
    return dict(_files_in(resource("firmware"), folders, program.paths))


@functools.lru_cache(maxsize=16)
def _files_in(root: Path, folders: tuple[str, ...], compiled: tuple[str, ...]) -> Mapping[str, str]:
    """Staged name -> text; read once per process, because a search builds the same files for every trial."""
    paths = [p for folder in folders for p in _sources(root / folder)]
    paths.append(root / "platformio.ini")
    return {
        _staged_name(p.relative_to(root).as_posix(), compiled): p.read_text(encoding="utf-8") for p in paths
    }


def _sources(path: Path) -> list[Path]:
    return [path] if path.is_file() else [p for p in sorted(path.rglob("*")) if _is_source(p)]


def _staged_name(name: str, compiled: tuple[str, ...]) -> str:
    """PlatformIO compiles the files in src/, lib/ and port/; those of a ``Program`` go into src/."""
    folder = name.split("/")[0]
    return f"src/{name}" if folder in compiled and folder != "src" else name


def _is_source(path: Path) -> bool:
    return path.suffix in _SOURCE_SUFFIXES and path.is_file()


def _build_id_source(build_id: bytes) -> str:
    values = ", ".join(f"{byte:#04x}" for byte in build_id)
    return f'#include "mn_build_id.h"\n\nconst uint8_t mn_build_id[MN_BUILD_ID_BYTES] = {{{values}}};\n'
