"""Libraries whose input the application delivers row by row, with a stand-in for a camera."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

import micronas as mn
from micronas.board import Core, load_board
from micronas.cli.check import _input_by_rows
from micronas.cli.export import _chosen
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.deploy.library import library_files
from micronas.errors import ConfigError, ModelError
from micronas.memory.ledger.row_input import plan_with_row_input
from micronas.memory.plan import plan_memory
from micronas.memory.plan.prefer import Prefer
from micronas.memory.plan.rows import chains
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read
from tests.support.command_line import micronas
from tests.support.exported_library import passes_its_host_test, sources
from tests.support.model_runner import EMULATOR, HOST, MACHINES, compile_all, needs
from tests.support.oracle import random_inputs
from tests.support.planning import verify_plan
from tests.support.random_cases import random_case
from tests.support.random_chains import long_chain, random_chain, valid_conv
from tests.support.written_files import written

BOARD = load_board("nucleo_l4r5zi")
KB = 1024


def graphs(seed: int, count: int) -> list[Graph]:
    rng = np.random.default_rng(seed)
    return [g for i in range(10 * count) if chains(g := random_chain(rng, i))][:count]


def unread_row() -> Graph:
    """The windows of the second row of outputs end with row 6 of 8."""
    graph = valid_conv(np.random.default_rng(3), (8, 5, 2), kernel=3, stride=2)
    assert graph.tensors[graph.outputs[0]].shape[1] == 3
    return graph


@pytest.mark.parametrize("prefer", [Prefer.AUTO, Prefer.SRAM])
def test_every_row_is_delivered_once_and_found_where_it_is_read(prefer: Prefer) -> None:
    for graph in (*graphs(7, 3), unread_row()):
        found = plan_with_row_input(graph, Target(Core.M4F), BOARD, prefer)
        verify_plan(found.graph, found.lowered, found.plan)


def test_the_arena_has_no_place_for_the_input() -> None:
    graph = long_chain(np.random.default_rng(1))
    found = plan_with_row_input(graph, Target(Core.M0PLUS), BOARD, Prefer.SRAM)
    assert found.plan.arena_bytes < graph.tensors[graph.inputs[0]].nbytes
    assert found.plan.arena_bytes < plan_memory(graph, lower_graph(graph, Target(Core.M0PLUS))).bound_bytes


def test_libraries_pass_their_host_tests_with_rows_from_a_function(tmp_path: Path) -> None:
    """Which compare every output, count the rows, and end a run by an error of the function."""
    for number, (graph, prefer) in enumerate(((unread_row(), Prefer.SRAM), (*graphs(8, 1), Prefer.AUTO))):
        files = library_files(graph, name=f"rows{number}", prefer=prefer, row_input=True)
        passes_its_host_test("gcc", files, tmp_path / str(number))


def test_the_example_prints_the_outputs_of_each_image(tmp_path: Path) -> None:
    graph = unread_row()
    images = random_inputs(graph, np.random.default_rng(2), 2)
    folder = written(library_files(graph, name="net", row_input=True), tmp_path / "library")
    program = ["gcc", "-std=c99", f"-I{folder / 'src'}", "-o", str(tmp_path / "rows")]
    subprocess.run([*program, *sources(folder, "src/*.c"), folder / "example" / "rows.c"], check=True)
    done = subprocess.run([tmp_path / "rows"], input=images[0].tobytes(), capture_output=True, timeout=60)
    (wanted,) = run_batch(graph, images)
    assert done.returncode == 0
    printed = [[int(v) for v in line.split()] for line in done.stdout.splitlines()]
    assert printed == wanted.reshape(2, -1).tolist()


CAMERA = """\
#include <stdint.h>
#include "harness.h"
#include "mn_network_net.h"

static int row(void *context, int32_t y, int8_t *destination)
{
    int32_t *const next = context;
    return y != (*next)++ || harness_read(destination, MN_NETWORK_NET_ROW_BYTES);
}

int run_models(void)
{
    int32_t rows = 0;
    if (mn_network_net_run_rows(row, &rows) != 0 || rows != (int32_t)MN_NETWORK_NET_ROWS) {
        return 1;
    }
    return harness_write(mn_network_net_output_in(mn_network_net.arena), MN_NETWORK_NET_OUTPUT_BYTES);
}
"""


@pytest.mark.slow
@pytest.mark.emulator
def test_a_device_reads_the_image_row_by_row_into_an_arena_of_the_predicted_size(tmp_path: Path) -> None:
    """By the DSP kernels. Arena and constants of the linked program are those of the ledger, to the byte."""
    needs("arm-none-eabi-gcc")
    needs("qemu-system-arm")
    graph = long_chain(np.random.default_rng(4))
    files = library_files(graph, name="net", row_input=True)
    program = linked(written(files, tmp_path), tmp_path)
    images = random_inputs(graph, np.random.default_rng(5), 1)
    (tmp_path / "in.bin").write_bytes(images[0].tobytes())
    command = [
        "qemu-system-arm",
        "-M",
        MACHINES[Core.M4F],
        "-nographic",
        "-monitor",
        "none",
        "-serial",
        "none",
    ]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(program)]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    (wanted,) = run_batch(graph, images)
    assert (tmp_path / "out.bin").read_bytes() == wanted.tobytes()
    form = next(f for f in json.loads(files["manifest.json"])["forms"] if f["form"] == "dsp")
    sizes = symbol_sizes(program)
    assert sizes["mn_network_net_arena"] == form["arena_bytes"] < graph.tensors[graph.inputs[0]].nbytes
    constants = {name: size for name, size in sizes.items() if name.startswith("mn_model_")}
    assert sum(constants.values()) == form["constant_bytes"]


def linked(folder: Path, out: Path) -> Path:
    (out / "camera.c").write_text(CAMERA)
    flags = [*Core.M4F.compiler_flags, "-std=c99", "-O2", "-nostartfiles", "--specs=nano.specs"]
    flags += [f"-L{EMULATOR}", "-Tmps2.ld", f"-I{folder / 'src'}", f"-I{HOST}"]
    kernels = [*sources(folder, "src/*.c"), *sources(folder, "src/*.S")]
    program = out / "run.elf"
    compile_all(
        ["arm-none-eabi-gcc", *flags, "-o", program],
        [out / "camera.c", EMULATOR / "main.c", *map(Path, kernels)],
    )
    return program


def symbol_sizes(program: Path) -> dict[str, int]:
    with program.open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        return {s.name: s["st_size"] for s in symbols if s["st_info"]["type"] == "STT_OBJECT"}


def test_visual_wake_words_without_a_frame_buffer(shared_models: Path) -> None:
    graph = read(shared_models / "vww_96_int8.tflite")
    found = plan_with_row_input(graph, Target(Core.M4F), BOARD, Prefer.SRAM)
    assert found.plan.arena_bytes <= 11.5 * KB
    verify_plan(found.graph, found.lowered, found.plan)


def test_a_network_that_does_not_begin_by_rows_is_refused_in_one_message() -> None:
    rng = np.random.default_rng(1)
    for kind, reason in (
        ("FULLY_CONNECTED", "does not begin with operators that run by rows"),
        ("ADD", "the network has 2 inputs"),
        ("READ_VARIABLE", "keeps states between runs"),
    ):
        graph = two_inputs(rng) if kind == "ADD" else random_case(kind, rng)
        with pytest.raises(ModelError, match=reason) as caught:
            library_files(graph, name="net", row_input=True)
        assert "leave out --input rows" in str(caught.value.remedy)


def two_inputs(rng: np.random.Generator) -> Graph:
    return next(g for _ in range(20) if len((g := random_case("ADD", rng)).inputs) == 2)


def test_the_command_says_what_is_in_memory_of_the_input() -> None:
    manifest = json.loads(library_files(unread_row(), name="net", row_input=True)["manifest.json"])
    assert manifest["input"] == "rows"
    nbytes, whole = manifest["forms"][0]["input_buffer_bytes"], manifest["inputs"][0]["bytes"]
    assert nbytes < whole == 8 * 5 * 2
    said = list(_chosen(manifest))
    assert f"(plan: rows; rows of the input: {nbytes} of {whole} bytes at a time)" in said[0]


def test_the_command_refuses_a_network_without_rows(networks: Path, tmp_path: Path) -> None:
    arguments = (networks / "tiny.tflite", "--out", tmp_path / "lib", "--input", "rows")
    done = micronas("export", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "the input cannot come row by row: the network does not begin with" in done.stderr
    assert not list(tmp_path.iterdir())


def test_another_form_of_the_input_is_unknown(networks: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="input lines: unknown") as caught:
        mn.export(networks / "tiny.tflite", tmp_path / "lib", input="lines")
    assert caught.value.remedy == "one of tensor, rows"


@pytest.mark.parametrize("prefer", ["auto", "sram"])
def test_check_states_the_arena_of_the_library_and_what_it_holds_of_the_input(
    shared_models, tmp_path, prefer
) -> None:
    """On the board for which a library's steps are timed, both have one plan."""
    model = shared_models / "kws_ref_model.tflite"
    folder = mn.export(model, tmp_path / "net", prefer=prefer, input="rows", remove_constant_channels=False)
    form = json.loads((folder / "manifest.json").read_text())["forms"][0]
    checked = mn.check(model, BOARD, prefer=prefer, input="rows")
    assert checked.fits
    assert checked.ledger.arena_bytes == form["arena_bytes"]
    held = form["input_buffer_bytes"]
    assert _input_by_rows(checked) == f"input: by rows, at most {held} of 490 bytes at a time"
    assert checked.plan_choice is not None
    (other,) = checked.plan_choice.others
    assert {other.prefer.value, checked.plan_choice.taken.prefer.value} == {"auto", "sram"}
    assert any("not counted" in note for note in checked.ledger.notes)


def test_check_refuses_rows_for_a_runtime_and_an_overview_that_have_none(shared_models, tmp_path) -> None:
    model = shared_models / "kws_ref_model.tflite"
    with pytest.raises(ConfigError, match="TFLite Micro takes the whole input"):
        mn.check(model, BOARD, runtime="tflm", input="rows")
    refused = micronas("check", model, "--input", "rows", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--input need a board" in refused.stderr
