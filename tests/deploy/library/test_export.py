"""Exported libraries: each builds without warnings by two compilers and passes its own host test."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Core
from micronas.deploy.library import library_files
from micronas.deploy.library.kernels import kernel_files, kernels_folder, weak_kernel
from micronas.errors import ModelError
from micronas.memory.plan.prefer import Prefer
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read
from tests.support.command_line import micronas
from tests.support.exported_library import passes_its_host_test, sources
from tests.support.host_c import WARNINGS
from tests.support.paths import REPOSITORY
from tests.support.random_cases import CASES, random_case
from tests.support.random_chains import long_chain
from tests.support.written_files import written

NETWORKS = (
    "kws_ref_model",
    "vww_96_int8",
    "pretrainedResnet_quant",
    "ad01_int8",
    "str_ww_ref_model",
    "hello_world_int8",
    "simple_add_model",
)


@pytest.mark.parametrize("compiler", ["gcc", pytest.param("clang", marks=pytest.mark.exhaustive)])
def test_published_networks_pass_their_own_host_test(compiler, shared_models, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not on PATH")
    for name in NETWORKS:
        files = library_files(read(shared_models / f"{name}.tflite"), name=name)
        passes_its_host_test(compiler, files, tmp_path / name)


BY_ROWS = """\
#include <string.h>
#include "mn_network_rows.h"

static int8_t arena[MN_NETWORK_ROWS_ARENA_BYTES] __attribute__((aligned(16)));

int main(void)
{
    memset(mn_network_rows_input_in(mn_network_rows.arena), 3, MN_NETWORK_ROWS_INPUT_BYTES);
    memset(mn_network_rows_input_in(arena), 3, MN_NETWORK_ROWS_INPUT_BYTES);
    if (mn_network_rows_run() != MN_OK || mn_network_rows_run_in(arena) != MN_OK) {
        return 2;
    }
    return memcmp(mn_network_rows_output_in(mn_network_rows.arena), mn_network_rows_output_in(arena),
                  MN_NETWORK_ROWS_OUTPUT_BYTES) != 0;
}
"""


def test_a_library_by_rows_passes_its_host_test_in_a_smaller_arena(tmp_path):
    """Also with an arena of the caller's."""
    graph = long_chain(np.random.default_rng(1))
    files, whole = (library_files(graph, name="rows", prefer=p) for p in (Prefer.ROWS, Prefer.SRAM))
    by_rows, op_by_op = (json.loads(each["manifest.json"])["forms"] for each in (files, whole))
    for small, large in zip(by_rows, op_by_op, strict=True):
        assert small["arena_bytes"] < large["arena_bytes"]
        assert small["row_steps"] > 0 == large["row_steps"]
    assert "src/mn_drop_rows.c" in files.keys() - whole.keys()
    passes_its_host_test("gcc", files, tmp_path)
    (tmp_path / "main.c").write_text(BY_ROWS)
    program = ["gcc", "-std=c99", f"-I{tmp_path / 'src'}", "-o", tmp_path / "both"]
    subprocess.run([*program, tmp_path / "main.c", *sources(tmp_path, "src/*.c")], check=True)
    assert subprocess.run([tmp_path / "both"], timeout=60).returncode == 0


@pytest.mark.parametrize("kind", ["READ_VARIABLE", "ASSIGN_VARIABLE"])
def test_a_network_with_states_begins_a_sequence_by_its_reset(kind, tmp_path):
    """Its host test runs the samples as one sequence; without the reset its first run would find zeros."""
    graph = random_case(kind, np.random.default_rng(5))
    files = library_files(graph, name="stream")
    assert "void mn_network_stream_reset(void);" in files["src/mn_network_stream.h"]
    assert "mn_network_stream_reset();" in files["test/test_stream.c"]
    assert "mn_network_stream_reset_in(arena)" in files["README.md"]
    passes_its_host_test("gcc", files, tmp_path)
    assert "_reset" not in library_files(random_case("RELU", np.random.default_rng(1)), name="r")["README.md"]


@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M4F, Core.M33], ids=lambda core: core.name)
def test_a_library_links_on_its_own_for_any_core(core, networks, tmp_path):
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on PATH")
    folder = written(library_files(read(networks / "mlperf_tiny_kws.tflite"), name="kws"), tmp_path)
    command = [
        "arm-none-eabi-gcc",
        *core.compiler_flags,
        *WARNINGS,
        "-Wpedantic",
        "-O2",
        "-nostartfiles",
        "--specs=nosys.specs",
    ]
    command += ["-Wl,-e,mn_model_run", f"-I{folder / 'src'}", "-o", str(folder / "library.elf")]
    built = subprocess.run(
        [*command, *sources(folder, "src/*.c"), *sources(folder, "src/*.S")], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr[:3000]


OWN_SCRIPT = """
MEMORY
{
    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 1M
    CODE_RAM (rwx) : ORIGIN = 0x10000000, LENGTH = 64K
    RAM (rw) : ORIGIN = 0x20000000, LENGTH = 64K
}
SECTIONS
{
GUIDE
    .text : { *(.text* .rodata*) } > FLASH
    .data : { *(.data* .bss* COMMON) } > RAM AT > FLASH
}
"""


def test_the_linker_script_of_the_guide_places_the_kernels_in_ram(networks, tmp_path):
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on PATH")
    guide = (REPOSITORY / "docs" / "guides" / "export.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^```\n(\.ram_code.*?)^```", guide, re.S | re.M)
    (tmp_path / "own.ld").write_text(OWN_SCRIPT.replace("GUIDE", lines))
    folder = written(library_files(read(networks / "mlperf_tiny_kws.tflite"), name="kws"), tmp_path)
    flags = [*Core.M4F.compiler_flags, "-O2", "-ffunction-sections", "-nostartfiles", "--specs=nosys.specs"]
    links = ["-Wl,-e,mn_model_run", "-T", str(tmp_path / "own.ld"), f"-I{folder / 'src'}"]
    elf = str(folder / "library.elf")
    files = [*sources(folder, "src/*.c"), *sources(folder, "src/*.S")]
    subprocess.run(["arm-none-eabi-gcc", *flags, *links, "-o", elf, *files], check=True, timeout=300)
    listed = subprocess.run(["arm-none-eabi-nm", elf], capture_output=True, text=True, check=True).stdout
    placed = {name: int(address, 16) for address, _, name in (line.split() for line in listed.splitlines())}
    for name in ("mn_dsp_quads", "mn_softmax_s8", "memset"):
        assert 0x10000000 <= placed[name] < 0x10010000


def test_only_needed_kernels_are_exported():
    files = library_files(random_case("SOFTMAX", np.random.default_rng(1)), name="softmax")
    own = {"mn_network_softmax.c", "mn_network_softmax.h", "mn_softmax_dsp.c", "mn_softmax_portable.c"}
    exported = {p.removeprefix("src/") for p in files if p.startswith("src/mn_")} - own
    assert exported == {"mn_model.h", "mn_requant.h", "mn_run.c", "mn_softmax.h", "mn_softmax_s8.c"}


def test_every_function_of_a_kernel_is_weak(tmp_path):
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on PATH")
    paths = [p for p in sorted(kernels_folder().iterdir()) if p.suffix in (".c", ".S", ".h")]
    for path in paths:
        (tmp_path / path.name).write_text(weak_kernel(path.name, path.read_text(encoding="utf-8")))
    sources = [p.name for p in paths if p.suffix != ".h"]
    build = ["arm-none-eabi-gcc", *Core.M4F.compiler_flags, "-c", *sources]
    subprocess.run(build, cwd=tmp_path, check=True, timeout=300)
    objects = sorted(p.name for p in tmp_path.glob("*.o"))
    listed = subprocess.run(
        ["arm-none-eabi-nm", "--defined-only", *objects],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    kinds = [line.split()[-2:] for line in listed.stdout.splitlines() if len(line.split()) == 3]
    assert len(kinds) > 50
    assert [name for kind, name in kinds if kind in "TDR"] == []


def test_the_whole_kernel_library_is_reachable_from_kernels():
    """A kernel file that no op leads to would be dead weight, or a kernel that export forgets."""
    kernels = {p.stem for p in kernels_folder().glob("mn_*_s8.c")} | {
        p.stem for p in kernels_folder().glob("mn_*_dsp.c")
    }
    found = kernel_files(kernels | {"mn_quantize_f32", "mn_fetch_rows"})
    # An exported network's arena is one array, and it sets its states itself.
    firmware_only = {"mn_arena.c", "mn_arena.h", "mn_reset.c", "mn_reset.h"}
    assert set(found) == {p.name for p in kernels_folder().iterdir()} - firmware_only


@pytest.mark.parametrize("name", ["my net", "", "1st", "a-b", "größe", "x\n"])
def test_a_name_that_no_build_file_takes_is_refused(name):
    with pytest.raises(ModelError, match="is not a valid library name"):
        library_files(random_case("TANH", np.random.default_rng(1)), name=name)


BOTH = """
#include <stdio.h>
#include <string.h>
#include "mn_network_first.h"
#include "mn_network_second.h"

static int zeros(const mn_model *net)
{
    memset(net->arena + net->inputs[0].offset, 0, net->inputs[0].bytes);
    return mn_model_run(net) == MN_OK ? net->arena[net->outputs[0].offset] : 999;
}

int main(void)
{
    printf("%d %d\\n", zeros(&mn_network_first), zeros(&mn_network_second));
}
"""


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")], ids="-".join)
def test_two_libraries_in_one_program_are_two_networks(order, tmp_path):
    graphs = {
        "first": random_case("FULLY_CONNECTED", np.random.default_rng(1)),
        "second": random_case("CONV_2D", np.random.default_rng(2)),
    }
    for name, graph in graphs.items():
        folder = written(library_files(graph, name=name), tmp_path / name)
        objects = tmp_path / f"{name}-objects"
        objects.mkdir()
        compile_all = ["gcc", "-c", "-std=c99", *sources(folder, "src/*.c")]
        subprocess.run(compile_all, check=True, cwd=objects)
        subprocess.run(["ar", "rc", tmp_path / f"{name}.a", *sources(objects, "*.o")], check=True)
    (tmp_path / "main.c").write_text(BOTH)
    includes = [f"-I{tmp_path / name / 'src'}" for name in order]
    archives = [tmp_path / f"{name}.a" for name in order]
    program = ["gcc", *includes, tmp_path / "main.c", *archives, "-o", tmp_path / "both"]
    subprocess.run(program, check=True)
    said = subprocess.run([tmp_path / "both"], capture_output=True, text=True, timeout=60).stdout
    assert said.split() == [str(output_of_zeros(graph)) for graph in graphs.values()]


def output_of_zeros(graph):
    (given,) = graph.inputs
    (outputs,) = run_batch(graph, [np.zeros(graph.tensors[given].shape, np.int8)])
    return outputs.reshape(-1)[0]


def test_the_same_network_gives_the_same_files():
    for kind in sorted(CASES)[:5]:
        graph = random_case(kind, np.random.default_rng(2))
        assert library_files(graph, name="x") == library_files(graph, name="x")


def run_export(*arguments):
    return micronas("export", *arguments, cwd=Path.cwd())


def test_the_command_writes_a_library(networks, tmp_path):
    model = networks / "tiny.tflite"
    done = run_export(model, "--out", tmp_path / "lib")
    assert done.returncode == 0, done.stderr
    assert {p.name for p in (tmp_path / "lib").iterdir()} == {
        "src", "test", "examples", "zephyr", "CMakeLists.txt", "library.json", "library.properties",
        "micronas.mn_network_tiny.pdsc", "manifest.json", "README.md", "MEMORY.md", "LICENSE",
    }  # fmt: skip
    again = run_export(model, "--out", tmp_path / "lib")
    assert again.returncode == 2
    assert "not empty" in again.stderr


def test_a_refused_model_leaves_nothing_behind(tmp_path):
    (tmp_path / "bad.tflite").write_text("no model")
    done = run_export(tmp_path / "bad.tflite", "--out", tmp_path / "lib")
    assert done.returncode == 2
    assert [p.name for p in tmp_path.iterdir()] == ["bad.tflite"]
