"""The user's environment does not change an image, and the build id names the compiler that made it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from micronas.board import load_board
from micronas.errors import MachineError
from micronas.firmware import build_firmware
from micronas.firmware.build_environment import build_environment, made_by
from micronas.firmware.project import make_project
from tests.support.fake_tools import Tools
from tests.support.paths import FIRMWARE_MODELS

TINY = (FIRMWARE_MODELS / "tiny.c").read_text(encoding="utf-8")
BOARD = load_board("nucleo_f446re")


@pytest.mark.parametrize("name", ["50%", "a$b", "${x}", "a;b", "new\nline"])
def test_a_folder_that_the_build_would_misread_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(MachineError, match="the path contains") as found:
        build_firmware({"mn_model.c": TINY}, BOARD, workdir=tmp_path / name)
    assert "set TMPDIR to" in (found.value.remedy or "")
    with pytest.raises(MachineError, match="the path contains") as found:
        build_firmware({"mn_model.c": TINY}, BOARD, workdir=tmp_path / "x", cache_dir=tmp_path / name)
    assert "set XDG_CACHE_HOME to" in (found.value.remedy or "")


@pytest.mark.emulator
def test_the_users_settings_and_folders_with_spaces_change_neither_image_nor_build(
    tmp_path: Path, firmware_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = {"mn_model.c": TINY}
    plain = build_firmware(sources, BOARD, workdir=tmp_path / "plain", cache_dir=firmware_cache)
    decoy = tmp_path / "decoy"
    decoy.mkdir()
    (decoy / "stdint.h").write_text("#error not this one\n")
    monkeypatch.setenv("PLATFORMIO_BUILD_FLAGS", "-O0 -DMN_TEST=1")
    monkeypatch.setenv("PLATFORMIO_BUILD_UNFLAGS", "-O2")
    for name in ("CORE_DIR", "WORKSPACE_DIR", "BUILD_DIR", "SRC_DIR", "BUILD_CACHE_DIR", "EXTRA_SCRIPTS"):
        monkeypatch.setenv(f"PLATFORMIO_{name}", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("CPATH", str(decoy))
    monkeypatch.setenv("SCONSFLAGS", "--dry-run")
    monkeypatch.setenv("HOME", str(decoy / "stdint.h"))  # nothing can be written there
    folder = tmp_path / "my folder"
    cache = folder / "my cache"
    built = build_firmware(sources, BOARD, workdir=folder / "first", cache_dir=cache)
    replayed = build_firmware(sources, BOARD, workdir=folder / "second", cache_dir=cache)
    assert built.elf.read_bytes().count(built.build_id) == 1
    assert built.elf.read_bytes() == plain.elf.read_bytes() == replayed.elf.read_bytes()
    assert not (tmp_path / "elsewhere").exists()


def test_only_the_registry_keeps_its_package_folders() -> None:
    given = {"PATH": "/bin", "PLATFORMIO_CORE_DIR": "/core", "PLATFORMIO_UPLOAD_PORT": "/dev/ttyACM9"}
    assert "PLATFORMIO_CORE_DIR" not in build_environment(given, registry=False)
    kept = build_environment(given, registry=True)
    assert (kept["PATH"], kept["PLATFORMIO_CORE_DIR"]) == ("/bin", "/core")
    assert "PLATFORMIO_UPLOAD_PORT" not in kept


def test_another_compiler_gives_another_build_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = Tools(tmp_path / "bin", monkeypatch)
    ids = []
    for version in ("12.2.1", "13.2.1"):
        tools.add("arm-none-eabi-gcc", f'echo "arm-none-eabi-gcc (some build) {version}"\necho copyright')
        ids.append(make_project({}, BOARD, made_by=made_by(registry=False)).build_id)
        assert f'(some build) {version}"' in made_by(registry=False)
    assert ids[0] != ids[1]


def test_a_compiler_that_fails_is_one_plain_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Tools(tmp_path / "bin", monkeypatch).add("arm-none-eabi-gcc", "exit 3")
    with pytest.raises(MachineError, match=r"did not report its version.*exit code 3"):
        made_by(registry=False)
    assert shutil.which("arm-none-eabi-gcc") == str(tmp_path / "bin" / "arm-none-eabi-gcc")


def test_boards_of_one_core_share_every_object_that_does_not_read_the_boards_header() -> None:
    """SCons keeps an object under its path, with its command and the contents that it was made of."""
    projects = [make_project({}, load_board(name)) for name in ("nucleo_f446re", "nucleo_l476rg")]
    first, second = (project.files["platformio.env.ini"].splitlines() for project in projects)
    differ = {
        line.split(" = ")[0]
        for pair in zip(first, second, strict=True)
        if len(set(pair)) > 1
        for line in pair
    }
    assert differ == {"board", "board_build.f_cpu"}  # which no command has
    kernels = [{n: t for n, t in p.files.items() if n.startswith("lib/mn_kernels/")} for p in projects]
    assert len(kernels[0]) > 50
    assert kernels[0] == kernels[1]
