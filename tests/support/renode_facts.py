"""What Renode's own source says of everything that micronas relies on, with the file and commit of each fact.

Names and types only. Repositories: R = renode/renode, I = renode/renode-infrastructure, T = antmicro/tlib.
The files are of 2024 to 2026, around version 1.16; where a newer one than 1.16's was read, it is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NUMBER, TEXT, FLAG = "number", "text", "flag"


@dataclass(frozen=True)
class Type:
    """A type of a .repl: constructor parameters and properties with what they take, a kind or another type.

    ``size``: bytes on the bus, "size" for what the parameter says, None for a type that does not know it.
    ``outputs`` are its properties of type GPIO; ``receives`` says whether interrupts can be led to it.
    """

    source: str
    required: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    size: int | str | None = None
    outputs: tuple[str, ...] = ()
    receives: bool = False
    on_bus_by_address: bool = True


TYPES = {
    "CPU.CortexM": Type(
        "I src/Emulator/Cores/Arm-M/CortexM.cs 702de0b2 (2025), src/Emulator/.../CPU/BaseCPU.cs (excerpts)",
        required={"cpuType": TEXT, "nvic": "IRQControllers.NVIC"},
        optional={
            "cpuId": NUMBER,
            "id": NUMBER,
            "fpuInterruptNumber": NUMBER,
            "numberOfMPURegions": NUMBER,
            "enableTrustZone": FLAG,
            "numberOfSAURegions": NUMBER,
            "numberOfIDAURegions": NUMBER,
        },
        properties={"PerformanceInMips": NUMBER, "VectorTableOffset": NUMBER},
        receives=True,
        on_bus_by_address=False,
    ),
    "IRQControllers.NVIC": Type(
        "I src/Emulator/Cores/Arm-M/NVIC.cs e77c26f4 (2018) and a fork's of 2026, alike in what is here",
        optional={"systickFrequency": NUMBER, "priorityMask": NUMBER},
        size=0x1000,
        outputs=("IRQ",),
        receives=True,
    ),
    "Miscellaneous.DWT": Type(
        "I src/Emulator/Cores/Arm-M/DWT.cs a0b95746", required={"frequency": NUMBER}, size=0x1000
    ),
    "Timers.STM32_Timer": Type(
        "I src/Emulator/Peripherals/Peripherals/Timers/STM32_Timer.cs 64bbd603 (2024)",
        required={"frequency": NUMBER, "initialLimit": NUMBER},
        size=0x400,
        outputs=("IRQ",),
    ),
    "UART.STM32_UART": Type(
        "I src/Emulator/Peripherals/Peripherals/UART/STM32_UART.cs 19cadb6c (2024)",
        optional={"frequency": NUMBER},
        outputs=("IRQ",),
    ),
    "UART.STM32F7_USART": Type(
        "I src/Emulator/Peripherals/Peripherals/UART/STM32F7_USART.cs 51fadebe (2024)",
        required={"frequency": NUMBER},
        optional={"lowPowerMode": FLAG},
        size=0x400,
        outputs=("IRQ", "ReceiveDmaRequest"),
    ),
    "Memory.MappedMemory": Type(
        "I src/Emulator/Main/Peripherals/Memory/MappedMemory.cs 6382f9aa (2025)",
        required={"size": NUMBER},
        optional={"segmentSize": NUMBER, "sharedMemoryFileRoot": TEXT},
        properties={"ResetByte": NUMBER},
        size="size",
    ),
    "Memory.ArrayMemory": Type(
        "I src/Emulator/Main/Peripherals/Memory/ArrayMemory.cs 4815b839 (2024)",
        required={"size": NUMBER},
        size="size",
    ),
}

# T arch/arm/helper.c arm_cpu_names, a version that has the M85. "cortex-m0+" is run as an M3, "cortex-m4f" as
# an M7.
CPU_TYPES = {
    *("cortex-m0", "cortex-m0+", "cortex-m1", "cortex-m23", "cortex-m3", "cortex-m33"),
    *("cortex-m4", "cortex-m4f", "cortex-m55", "cortex-m7", "cortex-m85"),
}
# I STM32_UART.cs: a received byte schedules an idle-line event a frame later by `frequency` (8 MHz without).
# Measured on 1.16.1: 32 pending frames of 240 bytes take 14.2 s, and 0.65 s at this clock.
IDLE_LINE_AT_ONCE_HZ = 0xFFFF_FFFF
PAGE_BYTES = 1 << 10  # T arch/arm/cpu.h TARGET_PAGE_BITS

# R src/Renode/PlatformDescription/Syntax/Grammar.cs 6cd07a60 (2025), MakeKeyword
REPL_KEYWORDS = {"using", "new", "as", "init", "reset", "local", "prefixed", "true", "false", "none", "empty"}

# I src/UI/Options.cs 10320590 (2024): option -> whether it takes a value
OPTIONS = {
    "--plain": False,
    "--port": True,
    "--execute": True,
    "--config": True,
    "--disable-xwt": False,
    "--disable-gui": False,
    "--hide-monitor": False,
    "--hide-log": False,
    "--hide-analyzers": False,
    "--pid-file": True,
    "--robot-server-port": True,
    "--robot-debug-on-error": False,
    "--version": False,
    "--console": False,
    "--keep-temporary-files": False,
}

# R src/Renode/RobotFrameworkEngine/RenodeKeywords.cs 4ab6f235 (2025): least and most arguments
KEYWORDS = {
    "ResetEmulation": (0, 0),
    "StartEmulation": (0, 0),
    # R src/Renode/RobotFrameworkEngine/UartKeywords.cs 4ab6f235 (2025)
    "CreateTerminalTester": (1, 8),
    "WaitForLineOnUart": (1, 7),
    "ExecuteCommand": (1, 2),
    "ExecuteScript": (1, 1),
    "ExecutePython": (1, 2),
    "StopRemoteServer": (0, 0),
    "HandleHotSpot": (1, 1),
    "EnableLoggingToCache": (0, 0),
    "SaveCachedLog": (1, 1),
    "ClearCachedLog": (0, 0),
}

# I src/Emulator/Extensions/UserInterface/Tokenizer/Tokenizer.cs e30f1107 (2025): kind -> what one looks like
TOKENS = {
    "comment": r"#.*|:.*",
    "variable": r"\$[0-9A-Za-z_.]+",
    "text": r"'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"",
    "path": r"@(?:(?!;)(?:(?:\\ )|\S))+",
    "hex": r"0x[0-9A-Fa-f]+",
    "float": r"[+-]?\d+\.\d*",
    "integer": r"[+-]?\d+",
    "boolean": r"(?i:true|false)",
    "split": r";",
    "literal": r"[\w.\-?]+",
    "space": r"\s+",
}
