"""Runs compiled Armv6-M code with a counter that counts as Renode's do: by blocks, at their end.

Renode's translator adds a block's instructions to the count when the block is over (measured on 1.16.1: a
reading leaves out the block being executed). Unicorn, which is QEMU's translator as a library, says where
each block begins; the counter is a register that gives what the blocks before it had.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_R0, UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M0

CODE, STACK, COUNTER, END = 0x0800_0000, 0x2000_0000, 0x4000_0000, 0x0900_0000
_PAGE, _DEADLINE_US = 0x1_0000, 20_000_000
_FLAGS = ("-std=c99", "-mthumb", "-mcpu=cortex-m0plus", "-ffreestanding", "-nostdlib")
_WIDE = (0b11101, 0b11110, 0b11111)  # first five bits of a 32-bit instruction (Armv6-M ARM, A5.1)


def call_with_block_counter(
    sources: Sequence[Path], includes: Sequence[Path], function: str, folder: Path, optimisation: str
) -> int:
    """What ``function`` returns when it is handed the counter's address."""
    elf, image = folder / f"code{optimisation}.elf", folder / f"code{optimisation}.bin"
    options = [*_FLAGS, optimisation, *(f"-I{path}" for path in includes)]
    link = [f"-Wl,-Ttext={CODE:#x}", f"-Wl,--entry={function}", "-lgcc"]
    _run("arm-none-eabi-gcc", *options, *map(str, sources), *link, "-o", str(elf))
    _run("arm-none-eabi-objcopy", "-O", "binary", str(elf), str(image))
    symbols = dict(line.split()[::-2] for line in _run("arm-none-eabi-nm", str(elf)).splitlines())
    return _call(image.read_bytes(), int(symbols[function], 16))


def _call(image: bytes, address: int) -> int:
    machine = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
    machine.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M0)
    for start in (CODE, STACK, END):
        machine.mem_map(start, _PAGE)
    machine.mem_write(CODE, image)
    blocks = _Blocks(image)
    machine.hook_add(UC_HOOK_BLOCK, lambda _, at, size, __: blocks.begin(at, size))
    machine.mmio_map(COUNTER, _PAGE, lambda *_: blocks.counted, None, lambda *_: None, None)
    machine.reg_write(UC_ARM_REG_SP, STACK + _PAGE)
    machine.reg_write(UC_ARM_REG_LR, END | 1)
    machine.reg_write(UC_ARM_REG_R0, COUNTER)
    machine.emu_start(address | 1, END, timeout=_DEADLINE_US)
    return int(machine.reg_read(UC_ARM_REG_R0))


class _Blocks:
    """``counted``: instructions of all blocks that are over."""

    def __init__(self, image: bytes) -> None:
        self._image = image
        self._current = 0
        self.counted = 0

    def begin(self, address: int, size: int) -> None:
        self.counted += self._current
        at, self._current = address - CODE, 0
        end = at + size
        while at < end:
            first_half = int.from_bytes(self._image[at : at + 2], "little")
            at += 4 if first_half >> 11 in _WIDE else 2
            self._current += 1


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
