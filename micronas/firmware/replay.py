"""Rebuilds: later networks of a board are built by the commands of the first, without PlatformIO and SCons.

Only the network and the build id change between the builds of candidates, which PlatformIO takes half a CPU
second to determine. Its first build therefore leaves a recipe in the cache: the unchanged objects, and the
commands that built the rest (firmware/scripts/record_commands.py). A recipe is valid for one content of all
other files and one compiler; its image equals PlatformIO's in every byte, which a test checks. If a recipe
fails, also by a compiler or linker error, PlatformIO builds.
"""

from __future__ import annotations

import contextlib
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
from micronas.host.durable import sync_folder, sync_tree
from micronas.host.process_group import run_group

_PROJECT = "{project}"
_OBJECTS = "{objects}"
_MODEL, _BUILD_ID, _LINKED_ANEW = "src/model/", "src/mn_build_id.c", "linker.ld"


@dataclass(frozen=True)
class Recipe:
    """Commands to run in a staged project, in this order, and the ``path`` on which their tools are found.

    ``{project}`` in a word is replaced by the project's folder, ``{objects}`` by that of the kept objects.
    ``compiler`` is size and time of the compiler that built them.
    """

    path: str
    compiler: tuple[int, int]
    commands: tuple[tuple[str, ...], ...]

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """The recipe in ``folder``; None if there is none, it is damaged, or its compiler has changed."""
        try:
            raw = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
            commands = tuple(tuple(command) for command in raw["commands"])
            recipe = cls(raw["path"], tuple(raw["compiler"]), commands)
            intact = raw["objects"] == _digests(folder / "objects")
            same_compiler = _identity(commands[0][0], recipe.path) == recipe.compiler
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return recipe if intact and same_compiler else None


def replay(project: Project, folder: Path, cache: Path, *, deadline_s: float) -> bool:
    """Build the project staged in ``folder`` by a recipe in ``cache``; False if PlatformIO must build it.

    The outputs are in PlatformIO's place: ``.pio/build/board/firmware.elf`` and ``.map``.
    """
    kept = recipe_folder(project, folder, cache)
    recipe = Recipe.load(kept)
    if recipe is None:
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


def keep_recipe(project: Project, folder: Path, output: Path, cache: Path) -> None:
    """Store the recipe of PlatformIO's build of ``project`` in ``folder`` from ``output``, unless it exists.

    A build that took the whole image from SCons' cache recorded no commands, so there is no recipe.
    """
    kept, commands = recipe_folder(project, folder, cache), output / "commands.json"
    if not commands.is_file() or Recipe.load(kept) is not None:
        return
    shutil.rmtree(kept, ignore_errors=True)  # damaged, for example by a loss of power
    recorded = json.loads(commands.read_text(encoding="utf-8"))
    compiled = [recorded["compile"][name] for name in _compiled_anew(project)]
    link: list[str] = recorded["link"]
    own = {_output(command) for command in compiled}
    objects = [word for word in link if word.endswith(".o") and word not in own]
    compiler = _identity(compiled[0][0], recorded["path"])
    if compiler is None:
        return
    # The linker writes the name of an assembler source's object into the image, so the name is kept.
    below = {name: name.removeprefix(f"{output.relative_to(folder)}/") for name in objects}
    names = {name: f"{_OBJECTS}/{place}" for name, place in below.items()}
    lines = tuple(
        tuple(names.get(word, word).replace(str(folder), _PROJECT) for word in command)
        for command in (*compiled, link)
    )
    with contextlib.suppress(OSError):  # without a recipe, the next build is only slower
        _write(
            Recipe(recorded["path"], compiler, lines),
            {place: folder / name for name, place in below.items()},
            kept,
        )


def recipe_folder(project: Project, folder: Path, cache: Path) -> Path:
    """Folder of the recipe for projects like this one, named after everything that they share."""
    own = {*_compiled_anew(project), _LINKED_ANEW, *(n for n in project.files if n.startswith(_MODEL))}
    shared = {name: text for name, text in project.files.items() if name not in own}
    gcc = find_gcc() or ""
    shared["platformio.local.ini"] = (folder / "platformio.local.ini").read_text(encoding="utf-8")
    shared["made of and by"] = json.dumps(
        [
            project.board.name,
            sorted(own),
            [gcc, _identity(gcc, None)],
            platformio_version(),
        ]
    )
    return cache / "recipes" / hash_files(shared).hex()


def _compiled_anew(project: Project) -> list[str]:
    """The sources that differ between candidates."""
    return sorted(n for n in project.files if n == _BUILD_ID or (n.startswith(_MODEL) and n.endswith(".c")))


def _here(word: str, folder: Path, kept: Path) -> str:
    return word.replace(_PROJECT, str(folder)).replace(_OBJECTS, str(kept / "objects"))


def _digests(folder: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of every file below ``folder``."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def _output(command: Sequence[str]) -> str:
    return command[command.index("-o") + 1]


def _identity(compiler: str, path: str | None) -> tuple[int, int] | None:
    """Size in bytes and modification time in ns of ``compiler`` on ``path``; None if it is missing."""
    found = shutil.which(compiler, path=path)
    if found is None:
        return None
    status = os.stat(found)
    return status.st_size, status.st_mtime_ns


def _write(recipe: Recipe, objects: Mapping[str, Path], kept: Path) -> None:
    """The first writer wins; a reader sees a complete recipe or none."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=kept.parent) as made:
        half = Path(made) / "recipe"
        for place, path in objects.items():
            (half / "objects" / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, half / "objects" / place)
        text = json.dumps({**asdict(recipe), "objects": _digests(half / "objects")})
        (half / "recipe.json").write_text(text, encoding="utf-8")
        sync_tree(half)
        half.rename(kept)
        sync_folder(kept.parent)
