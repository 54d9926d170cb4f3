"""Rebuilds: later networks of a board are built by the commands of the first, without PlatformIO and SCons.

Only the network and the build id change between the builds of candidates, which PlatformIO takes half a CPU
second to determine. Its first build therefore leaves a recipe in the cache: the unchanged objects and
headers, and the commands that built the rest (firmware/scripts/record_commands.py). A recipe is valid for one
content of all other files and one compiler; its image equals PlatformIO's in every byte, which a test checks.
If a recipe fails, also by a compiler or linker error, PlatformIO builds.

The object that holds the build id is not compiled: it is the first build's with the 16 bytes replaced.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from micronas.codegen.toolchain import find_gcc
from micronas.firmware.build_environment import build_environment, platformio_version
from micronas.firmware.project import Project, hash_files
from micronas.firmware.run_platformio import local_ini
from micronas.host.durable import sync_folder, sync_tree
from micronas.host.process_group import run_group

_PROJECT = "{project}"
_OBJECTS = "{objects}"
_HEADERS = "{headers}"
_MODEL, _BUILD_ID, _LINKED_ANEW = "src/model/", "src/mn_build_id.c", "linker.ld"
_BUILD_ID_OBJECT = "src/mn_build_id.o"
_FORMAT = 2
"""Of a recipe; recipes of another format have other folders."""


@dataclass(frozen=True)
class Recipe:
    """Commands to run in a staged project, in this order, and the ``path`` on which their tools are found.

    ``{project}`` in a word is replaced by the project's folder, ``{objects}`` and ``{headers}`` by those of
    the kept files. ``compiler`` is size and time of the compiler that built them. ``build_id`` is the one in
    the kept object, in hexadecimal, and ``build_id_object`` the place of that object in a project.
    """

    path: str
    compiler: tuple[int, int]
    commands: tuple[tuple[str, ...], ...]
    build_id: str
    build_id_object: str

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """The recipe in ``folder``; None if there is none, it is damaged, or its compiler has changed."""
        try:
            raw = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
            commands = tuple(tuple(command) for command in raw["commands"])
            recipe = cls(
                raw["path"], tuple(raw["compiler"]), commands, raw["build_id"], raw["build_id_object"]
            )
            intact = all(_digest_of(folder / name) == digest for name, digest in raw["files"].items())
            same_compiler = _identity(commands[0][0], recipe.path) == recipe.compiler
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return recipe if intact and same_compiler else None


def replay(project: Project, folder: Path, cache: Path, *, deadline_s: float) -> bool:
    """Build ``project`` in ``folder`` by a recipe in ``cache``; False if PlatformIO must build it.

    Only the project's own files are written. The outputs are in PlatformIO's place:
    ``.pio/build/board/firmware.elf`` and ``.map``.
    """
    kept = recipe_folder(project, cache)
    recipe = Recipe.load(kept)
    if recipe is None or not _write_own_files(project, recipe, folder, kept):
        return False
    environment = build_environment(os.environ, registry=False) | {"PATH": recipe.path}
    for command in recipe.commands:
        words = [_here(word, folder, kept) for word in command]
        (folder / _output(words)).parent.mkdir(parents=True, exist_ok=True)
        try:
            done = run_group(words, environment, deadline_s=deadline_s, cwd=folder)
        except (OSError, subprocess.TimeoutExpired):
            return False
        if done.code != 0:
            return False
    return True


def _write_own_files(project: Project, recipe: Recipe, folder: Path, kept: Path) -> bool:
    """Write the candidate's sources, linker script and the object of its build id, if that can be made."""
    for name in {*_own_files(project), _LINKED_ANEW}:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(project.files[name], encoding="utf-8")
    first, data = bytes.fromhex(recipe.build_id), (kept / "objects" / _BUILD_ID_OBJECT).read_bytes()
    if data.count(first) != 1:
        return False
    path = folder / recipe.build_id_object
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.replace(first, project.build_id))
    return True


def keep_recipe(project: Project, folder: Path, output: Path, cache: Path) -> None:
    """Store the recipe of PlatformIO's build of ``project`` in ``folder`` from ``output``, unless it exists.

    A build that took the whole image from SCons' cache recorded no commands, so there is no recipe.
    """
    kept, commands = recipe_folder(project, cache), output / "commands.json"
    if not commands.is_file() or Recipe.load(kept) is not None:
        return
    shutil.rmtree(kept, ignore_errors=True)  # damaged, for example by a loss of power
    recorded = json.loads(commands.read_text(encoding="utf-8"))
    compiled = [recorded["compile"][name] for name in _compiled_anew(project)]
    build_id_object = _output(recorded["compile"][_BUILD_ID])
    link: list[str] = recorded["link"]
    own = {build_id_object, *(_output(command) for command in compiled)}
    objects = [word for word in link if word.endswith(".o") and word not in own]
    compiler = _identity(link[0], recorded["path"])
    if compiler is None:
        return
    # The linker writes the name of an assembler source's object into the image, so the name is kept.
    below = {name: name.removeprefix(f"{output.relative_to(folder)}/") for name in objects}
    names = {name: f"{_OBJECTS}/{place}" for name, place in below.items()}
    lines = tuple(
        tuple(names.get(word, _with_kept_headers(word)).replace(str(folder), _PROJECT) for word in command)
        for command in (*compiled, link)
    )
    files = {f"objects/{place}": folder / name for name, place in below.items()}
    files |= {f"headers/{name}": folder / name for name in _shared_headers(project)}
    files[f"objects/{_BUILD_ID_OBJECT}"] = folder / build_id_object
    recipe = Recipe(recorded["path"], compiler, lines, project.build_id.hex(), build_id_object)
    with contextlib.suppress(OSError):  # without a recipe, the next build is only slower
        _write(recipe, files, kept)


def recipe_folder(project: Project, cache: Path) -> Path:
    """Folder of the recipe for projects like this one, named after everything that they share."""
    own = {*_own_files(project), _BUILD_ID, _LINKED_ANEW}
    shared = {name: text for name, text in project.files.items() if name not in own}
    gcc = find_gcc() or ""
    shared["platformio.local.ini"] = local_ini(cache)
    shared["made of and by"] = json.dumps(
        [
            _FORMAT,
            project.board.name,
            sorted(own),
            [gcc, _identity(gcc, None)],
            platformio_version(),
        ]
    )
    return cache / "recipes" / hash_files(shared).hex()


def _own_files(project: Project) -> list[str]:
    """The network's sources and headers, which differ between candidates."""
    return sorted(name for name in project.files if name.startswith(_MODEL))


def _compiled_anew(project: Project) -> list[str]:
    return [name for name in _own_files(project) if name.endswith(".c")]


def _shared_headers(project: Project) -> list[str]:
    return [name for name in project.files if name.endswith(".h") and not name.startswith(_MODEL)]


def _with_kept_headers(word: str) -> str:
    """A relative search path for headers, in the kept ones."""
    relative = word.startswith("-I") and not os.path.isabs(word.removeprefix("-I"))
    return f"-I{_HEADERS}/{word.removeprefix('-I')}" if relative else word


def _here(word: str, folder: Path, kept: Path) -> str:
    places = {_PROJECT: folder, _OBJECTS: kept / "objects", _HEADERS: kept / "headers"}
    for place, path in places.items():
        word = word.replace(place, str(path))
    return word


def _digest_of(path: Path) -> str:
    """SHA-256 of a file, which is read again only if its size or one of its times has changed."""
    status = os.stat(path)
    return _digest(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@functools.lru_cache(maxsize=4096)
def _digest(path: Path, _size: int, _modified_ns: int, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _output(command: Sequence[str]) -> str:
    return command[command.index("-o") + 1]


def _identity(compiler: str, path: str | None) -> tuple[int, int] | None:
    """Size in bytes and modification time in ns of ``compiler`` on ``path``; None if it is missing."""
    found = shutil.which(compiler, path=path)
    if found is None:
        return None
    status = os.stat(found)
    return status.st_size, status.st_mtime_ns


def _write(recipe: Recipe, files: Mapping[str, Path], kept: Path) -> None:
    """The first writer wins; a reader sees a complete recipe or none."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=kept.parent) as made:
        half = Path(made) / "recipe"
        for place, path in files.items():
            (half / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, half / place)
        text = json.dumps({**asdict(recipe), "files": {place: _digest_of(half / place) for place in files}})
        (half / "recipe.json").write_text(text, encoding="utf-8")
        sync_tree(half)
        half.rename(kept)
        sync_folder(kept.parent)
