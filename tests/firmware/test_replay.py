"""Builds without PlatformIO: the same image, and PlatformIO again wherever the recipe does not hold."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import micronas.firmware
from micronas.board import load_board
from micronas.errors import BudgetError, BuildError
from micronas.firmware import Firmware, build_firmware, stage
from micronas.firmware.replay import Recipe
from micronas.host.process_group import Finished
from tests.support.paths import FIRMWARE_MODELS

pytestmark = pytest.mark.emulator

TINY = (FIRMWARE_MODELS / "tiny.c").read_text(encoding="utf-8")
OTHER = TINY.replace("{1, 1, 1}", "{1, 2, 1}")
BOARD = load_board("nucleo_f446re")  # its kernels include assembler


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which one network was built for the board."""
    folder = tmp_path_factory.mktemp("cache")
    build_firmware({"mn_model.c": TINY}, BOARD, workdir=tmp_path_factory.mktemp("first"), cache_dir=folder)
    return folder


def build(source: str, workdir: Path, cache: Path, *flags: str) -> Firmware:
    return build_firmware({"mn_model.c": source}, BOARD, workdir=workdir, cache_dir=cache, extra_flags=flags)


@pytest.fixture
def platformio_runs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders in which PlatformIO was run."""
    folders: list[Path] = []
    run = micronas.firmware.run_platformio

    def counted(folder: Path, *arguments: str, deadline_s: float) -> Finished:
        folders.append(folder)
        return run(folder, *arguments, deadline_s=deadline_s)

    monkeypatch.setattr(micronas.firmware, "run_platformio", counted)
    return folders


def test_the_second_network_gets_platformios_image_without_platformio(
    tmp_path: Path, cache: Path, platformio_runs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed = build(OTHER, tmp_path / "replayed", cache)
    assert platformio_runs == []
    monkeypatch.setattr(micronas.firmware, "replay", lambda *_, **__: False)
    by_platformio = build(OTHER, tmp_path / "platformio", cache)
    assert platformio_runs == [tmp_path / "platformio"]
    assert replayed.elf.read_bytes() == by_platformio.elf.read_bytes()
    assert replayed.build_id == by_platformio.build_id
    assert replayed.linked == by_platformio.linked


def test_an_overflow_and_an_error_are_told_in_platformios_words(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(BudgetError, match=r"sram by \d+ bytes"):
        build(TINY.replace("mn_arena[32]", "mn_arena[200000]"), tmp_path / "a", cache)
    with pytest.raises(BuildError, match=r"mn_model\.c:\d+:\d+: error: 'zero' undeclared"):
        build(TINY.replace("int32_t total = 0;", "int32_t total = zero;"), tmp_path / "b", cache)


class PlatformioAskedError(Exception):
    """In place of a build: PlatformIO was asked for it."""


@pytest.fixture
def no_platformio(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise PlatformioAskedError

    monkeypatch.setattr(micronas.firmware, "_build", asked)


def test_other_flags_and_another_compiler_need_a_recipe_of_their_own(
    tmp_path: Path, cache: Path, no_platformio: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(OTHER, tmp_path / "neither", cache)
    with pytest.raises(PlatformioAskedError):
        build(OTHER, tmp_path / "flags", cache, "-DMN_TEST_REPLAY=1")
    gcc = tmp_path / "bin" / "arm-none-eabi-gcc"
    gcc.parent.mkdir()
    gcc.write_text(f'#!/bin/sh\nexec {shutil.which(gcc.name)} "$@"\n')
    gcc.chmod(0o755)
    monkeypatch.setenv("PATH", f"{gcc.parent}:{os.environ['PATH']}")
    with pytest.raises(PlatformioAskedError):
        build(OTHER, tmp_path / "compiler", cache)


def test_a_compiler_that_was_replaced_is_noticed(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Same path, another file, as after an upgrade; nothing but its size and time tells."""
    gcc = tmp_path / "bin" / "arm-none-eabi-gcc"
    gcc.parent.mkdir()
    text = f'#!/bin/sh\nexec {shutil.which(gcc.name)} "$@"\n'
    gcc.write_text(text)
    gcc.chmod(0o755)
    monkeypatch.setenv("PATH", f"{gcc.parent}:{os.environ['PATH']}")
    build(TINY + "\n", tmp_path / "a", cache)
    request.getfixturevalue("no_platformio")
    build(TINY + "\n\n", tmp_path / "b", cache)
    gcc.write_text(f"{text}# upgraded\n")
    with pytest.raises(PlatformioAskedError):
        build(TINY + "\n\n\n", tmp_path / "c", cache)


def test_a_damaged_cache_only_costs_time(tmp_path: Path, cache: Path, platformio_runs: list[Path]) -> None:
    copy = tmp_path / "cache"
    shutil.copytree(cache, copy)
    for kept in copy.rglob("recipes/*/objects/**/mn_crc32.o"):
        kept.unlink()
    firmware = build(OTHER, tmp_path / "work", copy)
    assert firmware.elf.read_bytes().count(firmware.build_id) == 1
    assert platformio_runs == [tmp_path / "work"]


def test_files_that_a_loss_of_power_emptied_are_rebuilt(
    tmp_path: Path, cache: Path, platformio_runs: list[Path]
) -> None:
    copy = tmp_path / "cache"
    shutil.copytree(cache, copy)
    emptied = [
        *copy.glob("recipes/*/recipe.json"),
        *(path for path in (copy / "objects").rglob("*") if len(path.name) > 30),
    ]
    assert len(emptied) > 10
    for path in emptied:
        path.write_bytes(b"")
    firmware = build(OTHER, tmp_path / "work", copy)
    assert firmware.elf.read_bytes().count(firmware.build_id) == 1
    assert platformio_runs == [tmp_path / "work"] * 2
    build(TINY, tmp_path / "replayed", copy)
    assert len(platformio_runs) == 2


@pytest.mark.parametrize("damage", ["recipe", "text", "object", "missing object", "header", "missing header"])
def test_a_damaged_recipe_is_none(tmp_path: Path, cache: Path, damage: str) -> None:
    kept = next(path for path in (cache / "recipes").iterdir() if Recipe.load(path) is not None)
    copy = tmp_path / "recipe"
    shutil.copytree(kept, copy)
    assert Recipe.load(copy) is not None
    if damage == "recipe":
        (copy / "recipe.json").write_text('{"path": "/bin", "compiler": [1, 2]}')
    elif damage == "text":
        (copy / "recipe.json").write_text("")
    else:
        victim = next(path for path in copy.rglob("*.h" if "header" in damage else "*.o"))
        victim.unlink() if damage.startswith("missing") else victim.write_bytes(b"")
    assert Recipe.load(copy) is None


def test_an_upload_finds_the_whole_project(tmp_path: Path, cache: Path) -> None:
    """PlatformIO compiles what it uploads, so the files that a replay leaves out are written then."""
    firmware = build(OTHER, tmp_path, cache)
    assert not (tmp_path / "platformio.ini").exists()
    stage(firmware)
    names = [*firmware.project.files, "platformio.local.ini", f"boards/{BOARD.platformio_board}.json"]
    assert [name for name in names if not (tmp_path / name).is_file()] == []


def test_the_cache_holds_no_path_of_the_build_that_made_it(cache: Path) -> None:
    recipes = [path.read_text() for path in (cache / "recipes").glob("*/recipe.json")]
    assert recipes
    for text in recipes:
        assert "-Map=.pio/build/board/firmware.map" in text
        assert str(cache.parent) not in json.dumps(json.loads(text)["commands"])
