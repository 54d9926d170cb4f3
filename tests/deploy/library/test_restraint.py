"""What an exported library does without: heap, recursion, writable data, floats where the network has none.

Read from objects for a core without an FPU, where each float operation is a call.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from micronas.codegen.toolchain import find_gcc
from micronas.deploy.library import library_files
from micronas.model.tflite import read
from tests.support.written_files import written

C_LIBRARY = {"memcpy", "memmove", "memset"}
INTEGER_HELPERS = re.compile(
    r"__aeabi_(u?idiv(mod)?|u?ldivmod|lmul|llsl|llsr|lasr|mem\w+)|__gnu_thumb1_case_\w+"
)
FLOAT_HELPERS = re.compile(r"__aeabi_(f|d|cf|cd|i2f|i2d|ui2f|ui2d|l2f|l2d|ul2f|ul2d)\w*|__\w+[sd]f[23]\w*")
NETWORKS = ("mlperf_tiny_kws", "mlperf_tiny_ic")


@pytest.fixture(scope="module", params=NETWORKS)
def objects(
    request: pytest.FixtureRequest, networks: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """Objects of a library for a Cortex-M0+, each with the call graph of its functions beside it."""
    gcc = find_gcc()
    if gcc is None:
        pytest.skip("arm-none-eabi-gcc is not on PATH")
    folder = tmp_path_factory.mktemp(request.param)
    library = written(library_files(read(networks / f"{request.param}.tflite"), name="net"), folder)
    sources = sorted((library / "src").glob("*.[cS]"))
    command = [gcc, "-c", "-std=c99", "-O2", "-mcpu=cortex-m0plus", "-mthumb", "-fcallgraph-info"]
    done = subprocess.run(
        [*map(str, (*command, f"-I{library / 'src'}", *sources))], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return sorted(folder.glob("*.o"))


def test_nothing_is_called_but_three_functions_of_the_c_library(objects: list[Path]) -> None:
    defined = {name for path in objects for name, is_defined in symbols(path) if is_defined}
    needed = {name for path in objects for name, is_defined in symbols(path) if not is_defined} - defined
    foreign = {n for n in needed if not INTEGER_HELPERS.fullmatch(n) and not FLOAT_HELPERS.fullmatch(n)}
    assert foreign <= C_LIBRARY


def test_floats_are_computed_only_where_a_float_comes_in_or_goes_out(objects: list[Path]) -> None:
    """These networks are int8 throughout: only the helpers for a user's floats may compute with them."""
    users = {
        path.stem
        for path in objects
        if any(not is_defined and FLOAT_HELPERS.fullmatch(name) for name, is_defined in symbols(path))
    }
    assert users == {"mn_network_net"}


def test_no_function_calls_itself_by_any_way(objects: list[Path]) -> None:
    calls: dict[str, set[str]] = {}
    for graph in (path.read_text() for path in objects[0].parent.glob("*.ci")):
        for source, target in re.findall(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', graph):
            calls.setdefault(short(source), set()).add(short(target))
    assert len(calls) > 5
    for function in calls:
        assert function not in reached(function, calls), f"{function} is recursive"


def test_the_only_writable_memory_is_the_arena(objects: list[Path]) -> None:
    writable = {}
    for path in objects:
        with path.open("rb") as stream:
            for section in ELFFile(stream).iter_sections():
                if section["sh_flags"] & 3 == 3 and section["sh_size"]:  # written to, and in memory
                    writable[section.name] = path.stem
    assert set(writable.values()) == {"mn_net_portable"}
    assert set(writable) == {".bss.mn_arena"}


def symbols(path: Path) -> Iterator[tuple[str, bool]]:
    """Name, and whether the object defines it."""
    with path.open("rb") as stream:
        for symbol in ELFFile(stream).get_section_by_name(".symtab").iter_symbols():
            if symbol.name and symbol["st_info"]["bind"] != "STB_LOCAL":
                yield symbol.name, symbol["st_shndx"] != "SHN_UNDEF"


def short(name: str) -> str:
    """A function's name; the compiler puts the file before those of static ones."""
    return name.rpartition(":")[2]


def reached(start: str, calls: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(calls[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += calls.get(name, ())
    return found
