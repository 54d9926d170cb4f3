"""Compiler, PlatformIO, emulators and uploaders: are they there, and do they have what boards need."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from micronas.board import board_names, load_board
from micronas.cli.doctor.finding import Finding, first_line, tool
from micronas.codegen.toolchain import find_gcc, gcc_version, require_gcc
from micronas.device.qemu import find_qemu, known_machines
from micronas.device.renode import require_renode
from micronas.errors import MicronasError
from micronas.firmware.run_platformio import wants_registry
from micronas.host.installation import install_command

_VERSION_OPTIONS = {
    "openocd": "--version",
    "st-flash": "--version",
    "st-info": "--version",
    "dfu-util": "--version",
    "stm32flash": "-h",
}


def examine_tools() -> list[Finding]:
    """In the order of the pipeline."""
    return [
        tool("arm-none-eabi-gcc", lambda: gcc_version(require_gcc())),
        examine_own_platform(),
        examine_registry(),
        tool("qemu-system-arm", lambda: first_line([find_qemu(), "--version"])),
        *examine_machines(),
        tool("Renode", require_renode, optional="--device renode"),
    ]


def examine_own_platform() -> Finding:
    """PlatformIO without its registry: needs itself, SCons from PyPI and a compiler on PATH."""
    what = "PlatformIO, without its registry"
    missing = [name for name in ("platformio", "scons") if not _installed(name)]
    if missing:
        return Finding(what, False, f"{' and '.join(missing)} missing", install_command(*missing))
    if find_gcc() is None:
        return Finding(
            what,
            False,
            "no arm-none-eabi-gcc on PATH",
            "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi",
        )
    return Finding(what, True, "builds offline, with the platform that comes with micronas")


def examine_registry(core: Path | None = None) -> Finding:
    """PlatformIO's own ststm32 platform: whether it is selected and installed. Contacts no server."""
    what = "PlatformIO, with its registry"
    core = core or Path(os.environ.get("PLATFORMIO_CORE_DIR") or os.path.expanduser("~/.platformio"))
    try:
        wanted = wants_registry()
    except MicronasError as error:
        return Finding(what, False, error.message, error.remedy or "")
    installed = any(path.is_dir() for path in (core / "platforms").glob("ststm32*"))
    if not wanted:
        state = "installed" if installed else "not installed"
        return Finding(what, True, f"not used (ststm32 is {state})", "MICRONAS_PLATFORM=ststm32 uses it")
    if installed:
        return Finding(what, True, f"MICRONAS_PLATFORM=ststm32, installed in {core / 'platforms'}")
    return Finding(
        what,
        False,
        "MICRONAS_PLATFORM=ststm32, but it is not installed: the first build downloads it",
        "pio pkg install -g -p ststm32 while there is a network connection, or unset MICRONAS_PLATFORM",
    )


def examine_machines() -> list[Finding]:
    """Whether QEMU has every machine that a board profile names; empty if there is no QEMU."""
    try:
        known = known_machines(find_qemu())
    except MicronasError:
        return []
    emulators = [load_board(name).emulator for name in board_names()]
    needed = {emulator.machine for emulator in emulators if emulator is not None}
    missing = sorted(needed - set(known))
    if missing:
        return [
            Finding(
                "QEMU machines",
                False,
                f"{', '.join(missing)} missing, so their boards cannot be emulated",
                "install a newer QEMU; `micronas boards` shows which board needs which",
            )
        ]
    return [Finding("QEMU machines", True, f"all {len(needed)} machines of the boards")]


def examine_uploaders(attached: tuple[str, ...]) -> list[Finding]:
    """One line per upload method; wrong only if such a device is attached and its tool is missing."""
    return [
        _uploader("ST-LINK", ("openocd", "st-flash"), "apt install openocd", attached),
        _uploader("STM32 boot loader", ("dfu-util",), "apt install dfu-util", attached),
        _uploader("J-Link", ("JLinkExe", "JLink"), "install SEGGER's J-Link software", attached),
        _uploader(
            "Black Magic Probe",
            ("arm-none-eabi-gdb", "gdb-multiarch"),
            "apt install gdb-multiarch",
            attached,
        ),
    ]


def _uploader(kind: str, programs: tuple[str, ...], remedy: str, attached: tuple[str, ...]) -> Finding:
    what = f"uploader for {kind}"
    found = next((name for name in programs if shutil.which(name)), None)
    if found is None:
        needed = any(device.startswith(kind) for device in attached)
        detail = f"{' or '.join(programs)} not on PATH"
        return Finding(what, not needed, detail if needed else f"{detail}; none is attached", remedy)
    option = _VERSION_OPTIONS.get(found)
    # No version check: SEGGER's program prompts for a probe without commands, and any GDB will do.
    return tool(what, lambda: first_line([found, option])) if option else Finding(what, True, found)


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
