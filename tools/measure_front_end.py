"""Measures micronas/memory/front_end_code.json again; run it after a change of firmware/lib/mn_front_end.

    python tools/measure_front_end.py

Links, per core of the shipped boards, a program that only computes a front end, and stores the bytes of its
code without the constants of the front end, which the ledger counts itself.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from elftools.elf.elffile import ELFFile

from micronas.board import Core, board_names, load_board
from micronas.codegen.front_end.text import CONSTANT_NAMES
from micronas.codegen.toolchain import gcc_version, require_gcc
from micronas.deploy.library import library_files
from micronas.memory.front_end_cost import CODE_TABLE
from micronas.model.front_end import FrontEnd, FrontEndFile, LogMel, Mfcc, Micro
from micronas.model.graph import Graph
from micronas.model.net import Dense, Flatten, NetBuilder, shape_graph
from micronas.space.reference.random_weights import random_weights

_SPEC = LogMel(16000, window=480, hop=320, fft=512, bands=40, low_hz=20.0, high_hz=8000.0)
EXAMPLES = {
    "logmel": FrontEndFile(
        _SPEC.front_end, "spectrogram", (49, 40, 1), (0.0, 1.0), "classify", ("a", "b"), {}
    ),
    "mfcc": FrontEndFile(
        Mfcc(_SPEC, 10).front_end, "spectrogram", (49, 10, 1), (-60.0, 60.0), "classify", ("a", "b"), {}
    ),
    "micro": FrontEndFile(
        Micro(16000, window=480, hop=320, bands=40, low_hz=125.0, high_hz=7500.0).front_end,
        "spectrogram",
        (49, 40, 1),
        (0.0, 26.0),
        "classify",
        ("a", "b"),
        {},
    ),
    "image": FrontEndFile(FrontEnd("image", 1), "image", (48, 48, 3), (0.0, 1.0), "classify", ("a", "b"), {}),
    "stream": FrontEndFile(
        FrontEnd("stream", 1), "stream", (64, 1, 6), (-1.0, 1.0), "classify", ("a", "b"), {}
    ),
}
_AUDIO = (
    "static int32_t scratch[552]; static int16_t raw[320];\nint main(void)\n{\n"
    "    mn_front_end_x_reset();\n    return (int)mn_front_end_x_push(raw, 320u, scratch) + "
    "(int)mn_front_end_x_input(input)"
)
_PUSH = {
    "logmel": _AUDIO,
    "mfcc": _AUDIO,
    "micro": _AUDIO,
    "image": "static uint8_t row[960];\nint main(void)\n{\n"
    "    return (int)mn_front_end_x_begin(320u, 240u, 3u) + (int)mn_front_end_x_push(row, input)",
    "stream": "static float raw[6];\nint main(void)\n{\n    mn_front_end_x_reset();\n"
    "    mn_front_end_x_push(raw);\n    return (int)mn_front_end_x_input(input)",
}
_BUFFERS = ("samples", "features", "noise", "rows", "sums", "state")
_SPECTRUM = ("mn_frames.c", "mn_log_mel.c", "mn_log2.c", "mn_real_fft.c")
_SOURCES = {
    "logmel": _SPECTRUM,
    "mfcc": (*_SPECTRUM, "mn_mfcc.c"),
    "micro": ("mn_frames.c", "mn_micro.c", "mn_micro_spectrum.c"),
    "stream": ("mn_stream.c",),
    "image": ("mn_image.c",),
}
_MAIN = """\
#include "mn_front_end_x.h"
static int8_t input[6912];
{push};
}}
"""


def linked(kind: str, core: Core, folder: Path) -> dict[str, int]:
    """Bytes of ``code``, ``constants`` and ``buffers`` of a program with the front end ``kind`` alone."""
    elf = _link(kind, core, folder)
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        symbols = {s.name: int(s["st_size"]) for s in file.get_section_by_name(".symtab").iter_symbols()}
        sections = {s.name: int(s["sh_size"]) for s in file.iter_sections()}
    constants = sum(symbols.get(name, 0) for name in CONSTANT_NAMES)
    text = sections[".text"] + sections.get(".rodata", 0)
    return {
        "code": text - constants - symbols["main"],
        "constants": constants,
        "buffers": sum(size for name, size in symbols.items() if name.startswith("mn_front_end_") and size
                       and name.rpartition("_")[2] in _BUFFERS),
    }  # fmt: skip


def _link(kind: str, core: Core, folder: Path) -> Path:
    file = EXAMPLES[kind]
    files = library_files(network(file), name="x", labels=file.labels, front_end=file)
    for path, text in files.items():
        if path.startswith("src/"):
            (folder / Path(path).name).write_text(text, encoding="utf-8")
    (folder / "main.c").write_text(_MAIN.format(push=_PUSH[kind]), encoding="utf-8")
    flags = [
        "-std=c99",
        "-O2",
        "-ffunction-sections",
        "-fdata-sections",
        "-Wl,--gc-sections",
        "-nostartfiles",
    ]
    sources = ["main.c", "mn_front_end_x.c", *_SOURCES[kind]]
    command = [
        str(require_gcc()),
        *core.compiler_flags,
        *flags,
        "-Wl,-e,main",
        "--specs=nosys.specs",
        *sources,
    ]
    subprocess.run([*command, "-o", "front_end.elf"], cwd=folder, check=True, timeout=120)
    return folder / "front_end.elf"


def network(file: FrontEndFile) -> Graph:
    """Some network that takes the inputs of ``file``."""
    net = NetBuilder(file.input_shape).chain(Flatten(), Dense(len(file.labels))).build()
    return random_weights(shape_graph(net), seed=0)


def main() -> None:
    """Measure every core of the shipped boards and write the table."""
    table: dict[str, object] = {"compiler": gcc_version(require_gcc())}
    for core in sorted({load_board(name).core for name in board_names()}, key=lambda core: core.value):
        sizes = {}
        for kind in EXAMPLES:
            with tempfile.TemporaryDirectory() as scratch:
                sizes[kind] = linked(kind, core, Path(scratch))["code"]
        table[core.value] = sizes
        print(core.value, sizes)
    CODE_TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
