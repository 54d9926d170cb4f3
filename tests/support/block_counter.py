"""What a counter would give compiled Armv6-M code if it counted as Renode's does: by blocks, at their end.

Renode's translator adds a block's instructions to the count when the block is over (measured on 1.16.1: a
reading leaves out the block being executed). QEMU cuts code into the same blocks and logs each with its
registers; so every read of the counter's address is seen, and what the blocks before it executed is summed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from elftools.elf.elffile import ELFFile

from micronas.latency.counts.block_log import OPTIONS, REGISTERS, read_log
from micronas.latency.counts.blocks import BlockTable
from micronas.latency.counts.classes import CLASSES
from micronas.latency.counts.program import ElfProgram

COUNTER, STACK = 0x2010_0000, 0x2020_0000
_FLAGS = ("-std=c99", "-mthumb", "-mcpu=cortex-m0plus", "-ffreestanding", "-nostdlib")
_QEMU = (
    *("qemu-system-arm", "-M", "mps2-an385", "-nographic", "-monitor", "none", "-serial", "none"),
    *("-semihosting-config", "enable=on,target=native"),
)
_START = """\
#include <stdint.h>
extern int {function}(const volatile uint32_t *counter);
static void start(void)
{{
    (void){function}((const volatile uint32_t *){counter:#x});
    __asm volatile("mov r0, #0x18\\n ldr r1, =0x20026\\n bkpt 0xab\\n" ::: "r0", "r1");
    for (;;) {{
    }}
}}
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {{
    (void *){stack:#x}, (void *)start, (void *)start, (void *)start,
}};
"""


def counter_readings(
    sources: Sequence[Path], includes: Sequence[Path], function: str, folder: Path, optimisation: str
) -> list[int]:
    """Each value that ``function``, which is passed the counter's address, would read there."""
    start, elf = folder / f"start{optimisation}.c", folder / f"code{optimisation}.elf"
    start.write_text(_START.format(function=function, counter=COUNTER, stack=STACK), encoding="utf-8")
    options = [*_FLAGS, optimisation, *(f"-I{path}" for path in includes)]
    link = ["-Wl,--section-start=.vectors=0", "-Wl,-Ttext=0x100", "-Wl,--entry=0", "-lgcc"]
    _run("arm-none-eabi-gcc", *options, str(start), *map(str, sources), *link, "-o", str(elf))
    log = folder / f"blocks{optimisation}.log"
    _run(*_QEMU, "-d", OPTIONS, "-D", str(log), "-kernel", str(elf))
    return _readings(log, _program(elf))


def _program(elf: Path) -> ElfProgram:
    with elf.open("rb") as stream:
        loaded = [s for s in ELFFile(stream).iter_segments() if s["p_type"] == "PT_LOAD" and s["p_filesz"]]
        return ElfProgram(tuple((s["p_vaddr"], s.data()) for s in loaded), (), ())


def _readings(log: Path, program: ElfProgram) -> list[int]:
    blocks, counted, found = BlockTable(program), 0, []
    with log.open("rb") as stream:
        for piece in read_log(stream):
            for address, registers in zip(piece.address.tolist(), piece.registers.tolist(), strict=True):
                block = blocks.at(address)
                reads = [
                    r for r, offset, _ in block.loads if r < REGISTERS and registers[r] + offset == COUNTER
                ]
                found += [counted] * len(reads)
                counted += int(block.counts[CLASSES.index("insn")])
    return found


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
