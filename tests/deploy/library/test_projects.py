"""Exported libraries in other people's projects: CMake, Arduino, Zephyr, CMSIS-Pack; two in one program."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import micronas as mn
from micronas.board import load_board
from micronas.deploy.library import library_files
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read
from tests.support.host_c import WARNINGS
from tests.support.paths import REPOSITORY
from tests.support.random_cases import random_case
from tests.support.written_files import written

NAMES = ("test", "all", "int", "kws")

CXX_PROJECT = """
cmake_minimum_required(VERSION 3.16)
project(theirs LANGUAGES CXX)
{subdirectories}
add_executable(theirs main.cpp)
set_target_properties(theirs PROPERTIES CXX_STANDARD 11 CXX_STANDARD_REQUIRED ON)
target_compile_options(theirs PRIVATE -Wall -Wextra -Wpedantic -Werror)
target_link_libraries(theirs PRIVATE {libraries})
"""
TOOLCHAIN = """
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
foreach(language C CXX ASM)
  set(CMAKE_${language}_FLAGS_INIT "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard")
endforeach()
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles -nodefaultlibs -Wl,-e,main")  # libstdc++ may be missing
set(CMAKE_CXX_STANDARD_LIBRARIES "-Wl,--start-group -lc -lgcc -lnosys -Wl,--end-group")
"""


def require(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on PATH")


def run(command: Sequence[object], folder: Path) -> str:
    done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def dense() -> Graph:
    return random_case("FULLY_CONNECTED", np.random.default_rng(1))


@pytest.mark.parametrize("arm", [False, True], ids=["host", "Cortex-M4"])
def test_a_project_of_cpp_alone_links_networks_of_awkward_names(
    arm: bool, dense: Graph, tmp_path: Path
) -> None:
    require("cmake", "g++", *(["arm-none-eabi-g++"] if arm else []))
    for name in NAMES:
        written(library_files(dense, name=name), tmp_path / f"lib_{name}")
    calls = [f"mn_network_{name}_run() == MN_OK" for name in NAMES]
    includes = [f'#include "mn_network_{name}.h"\n' for name in NAMES]
    (tmp_path / "main.cpp").write_text(
        "".join(includes) + f"int main() {{ return {' && '.join(calls)} ? 0 : 1; }}\n"
    )
    (tmp_path / "CMakeLists.txt").write_text(
        CXX_PROJECT.format(
            subdirectories="\n".join(f"add_subdirectory(lib_{name})" for name in NAMES),
            libraries=" ".join(f"micronas::{name}" for name in NAMES),
        )
    )
    (tmp_path / "arm.cmake").write_text(TOOLCHAIN)
    toolchain = ["-DCMAKE_TOOLCHAIN_FILE=arm.cmake"] if arm else []
    run(["cmake", "-S", ".", "-B", "build", *toolchain], tmp_path)
    run(["cmake", "--build", "build"], tmp_path)
    if not arm:
        run(["build/theirs"], tmp_path)


def test_the_library_s_own_project_tests_itself(dense: Graph, tmp_path: Path) -> None:
    require("cmake", "ctest")
    written(library_files(dense, name="test"), tmp_path)
    run(["cmake", "-S", ".", "-B", "build"], tmp_path)
    run(["cmake", "--build", "build"], tmp_path)
    assert "100% tests passed" in run(["ctest", "--test-dir", "build"], tmp_path)


def test_all_objects_of_two_networks_link_without_archives(tmp_path: Path) -> None:
    """One flat folder of objects, and each library's objects beside the other's: both give one program."""
    require("gcc")
    graphs = {
        "one": random_case("FULLY_CONNECTED", np.random.default_rng(1)),
        "two": random_case("CONV_2D", np.random.default_rng(2)),
    }
    objects = []
    for name, graph in graphs.items():
        folder = written(library_files(graph, name=name), tmp_path / name)
        run(["gcc", "-c", "-std=c99", *sorted((folder / "src").glob("*.c"))], folder)
        objects += sorted(folder.glob("*.o"))
    main = tmp_path / "main.c"
    main.write_text(
        '#include "mn_network_one.h"\n#include "mn_network_two.h"\n'
        "int main(void) { return mn_network_one_run() != MN_OK || mn_network_two_run() != MN_OK; }\n"
    )
    includes = [f"-I{tmp_path / name / 'src'}" for name in graphs]
    flat = {path.name: path for path in objects}
    for number, kept in enumerate((objects, list(flat.values()))):
        run(["gcc", *includes, main, *kept, "-o", f"both{number}"], tmp_path)
        run([f"./both{number}"], tmp_path)


HELPERS = """
#include <stdio.h>
#include <string.h>
#include "mn_network_net.h"

static int8_t arenas[2][MN_NETWORK_NET_ARENA_BYTES] __attribute__((aligned(16)));
static const float values[2][MN_NETWORK_NET_INPUT_BYTES] = {{{values}}};

int main(void)
{{
    float real[MN_NETWORK_NET_OUTPUT_BYTES];
    if (mn_network_net_run() != MN_ERROR_ARGUMENT) {{
        return 1; /* it has no static arena */
    }}
    for (int i = 0; i < 2; i++) {{
        mn_network_net_quantize_in(arenas[i], values[i]);
    }}
    for (int i = 0; i < 2; i++) {{
        for (unsigned j = 0; j < MN_NETWORK_NET_INPUT_BYTES; j++) {{
            printf("%d ", mn_network_net_input_in(arenas[i])[j]);
        }}
        puts("");
    }}
    /* Op by op in turn, as two threads would. */
    for (unsigned op = 0; op < mn_network_net.n_ops; op++) {{
        for (int i = 0; i < 2; i++) {{
            if (mn_network_net.ops[op](arenas[i]) != MN_OK) {{
                return 1;
            }}
        }}
    }}
    for (int i = 0; i < 2; i++) {{
        mn_network_net_dequantize_in(arenas[i], real);
        for (unsigned j = 0; j < MN_NETWORK_NET_OUTPUT_BYTES; j++) {{
            printf("%.9g ", (double)real[j]);
        }}
        printf("%s\\n", mn_network_net_labels[mn_network_net_argmax_in(arenas[i])]);
    }}
    return 0;
}}
"""


def test_two_arenas_and_the_helpers_for_floats(dense: Graph, tmp_path: Path) -> None:
    """Rounding, clamping and ties as NumPy has them; two runs in turn as the interpreter has them."""
    require("gcc")
    given, made = dense.tensors[dense.inputs[0]], dense.tensors[dense.outputs[0]]
    assert given.quant is not None
    assert made.quant is not None
    scale, zero = np.float32(given.quant.scale[0]), given.quant.zero_point[0]
    steps = np.random.default_rng(0).uniform(-200, 200, (2, given.nbytes))
    steps[0, :8] = [0.5, 1.5, -0.5, -1.5, 2.5, 1e6, -1e6, 0.0]
    values = (steps * scale).astype(np.float32)
    labels = [f'class "{i}" \u00e9' for i in range(made.shape[-1])]
    library = written(library_files(dense, name="net", labels=labels), tmp_path / "lib")
    rows = ", ".join("{" + ", ".join(f"{v:.9g}f" if "." in f"{v:.9g}" or "e" in f"{v:.9g}" else f"{v:.9g}.0f" for v in row) + "}" for row in values)  # fmt: skip # noqa: E501
    (tmp_path / "main.c").write_text(HELPERS.format(values=rows))
    command = ["gcc", *WARNINGS, "-DMN_NETWORK_NET_NO_ARENA", f"-I{library / 'src'}"]
    run([*command, "main.c", *sorted((library / "src").glob("*.c")), "-o", "main"], tmp_path)
    lines = run(["./main"], tmp_path).splitlines()
    expected = np.clip(np.rint(values / scale) + zero, -128, 127).astype(np.int8)
    assert [list(map(int, line.split())) for line in lines[:2]] == expected.tolist()
    (outputs,) = run_batch(dense, [expected.reshape(2, *given.shape[1:])])
    for line, output in zip(lines[2:], outputs.reshape(2, -1), strict=True):
        *real, label = line.split(" ", made.nbytes)
        wanted = (output.astype(np.int32) - made.quant.zero_point[0]) * np.float32(made.quant.scale[0])
        assert np.array_equal(np.array(real, np.float32), wanted.astype(np.float32))
        assert label == labels[int(output.argmax())]


def test_labels_that_do_not_match_the_outputs_are_refused(dense: Graph) -> None:
    with pytest.raises(mn.MicronasError, match="1 labels for"):
        library_files(dense, name="net", labels=["one"])


def test_the_manifest_has_the_figures_of_ledger_and_file(networks: Path, tmp_path: Path) -> None:
    model = networks / "mlperf_tiny_kws.tflite"
    folder = mn.export(model, tmp_path / "lib", name="kws")
    manifest = json.loads((folder / "manifest.json").read_text())
    graph, board = read(model), load_board("nucleo_f446re")
    ledger = make_ledger(graph, board, prefer=Prefer.LATENCY)
    dsp, portable = manifest["forms"]
    assert manifest["model_sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert manifest["micronas"] == mn.__version__
    assert dsp["arena_bytes"] == ledger.plan.arena_bytes
    assert dsp["constant_bytes"] == ledger.constant_bytes
    assert [op["kernel"] for op in sorted(dsp["ops"], key=lambda op: op["op"])] == [
        op.kernel for op in ledger.lowered
    ]
    assert {op["why"] for op in portable["ops"]} <= {
        "portable C",
        "copies nothing if input and output share their memory",
    }
    for form in manifest["forms"]:
        ends = [buffer["offset"] + buffer["bytes"] for buffer in form["buffers"]]
        assert max(ends) <= form["arena_bytes"] < max(ends) + 16
    given = graph.tensors[graph.inputs[0]]
    assert given.quant is not None
    assert manifest["inputs"][0]["scale"] == given.quant.scale[0]
    assert manifest["inputs"][0]["name"] == given.name
    assert given.name in (folder / "src" / "mn_network_kws.h").read_text()
    assert manifest_keys(manifest) == documented_manifest_keys()
    report = (folder / "MEMORY.md").read_text()
    assert "peak" in report
    for op in dsp["ops"] + portable["ops"]:
        figures = f"{op['scratch_bytes']} | {op['constant_bytes']} |"
        shape = "x".join(map(str, op["output_shape"]))
        assert f"| {op['op']} | {op['kind']} | {shape} | `{op['kernel']}` | {op['why']} | {figures}" in report


def manifest_keys(manifest: dict[str, Any]) -> set[str]:
    """Every key at any depth."""
    found = set(manifest)
    for value in manifest.values():
        for item in value if isinstance(value, list) else [value]:
            found |= manifest_keys(item) if isinstance(item, dict) else set()
    return found


def documented_manifest_keys() -> set[str]:
    """The words in code style of the table in docs/guides/export.md, without values and file names."""
    page = (REPOSITORY / "docs" / "guides" / "export.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*) \| (.*) \|$", page.partition("`manifest.json` holds")[2], re.M)
    code = [span for row in rows for text in row for span in re.findall(r"`([^`]+)`", text)]
    code = [span for span in code if span[0] not in "-." and not span.endswith(".json")]
    words = {word for span in code for word in re.findall(r"\b[a-z_0-9]+\b", span)}
    return words - {"dsp", "portable", "auto", "latency", "sram", "rows"}


def test_the_arduino_library_has_the_layout_of_the_specification(dense: Graph) -> None:
    """Arduino's library specification 1.5: required fields, src/, examples/NAME/NAME.ino."""
    files = library_files(dense, name="net")
    fields = dict(line.split("=", 1) for line in files["library.properties"].splitlines())
    required = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url"}
    assert required | {"architectures"} <= set(fields)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.\-]*", fields["name"])
    assert fields["category"] == "Data Processing"
    assert f"src/{fields['includes']}" in files
    (sketch,) = [path for path in files if path.endswith(".ino")]
    assert Path(sketch).parts[0] == "examples"
    assert Path(sketch).stem == Path(sketch).parent.name


def test_the_arduino_sketch_compiles_as_cpp(dense: Graph, tmp_path: Path) -> None:
    require("g++")
    folder = written(library_files(dense, name="net"), tmp_path)
    (sketch,) = folder.glob("examples/*/*.ino")
    (tmp_path / "Arduino.h").write_text(
        "struct Port { void begin(long); template <class T> void print(T); void println(); };\n"
        "extern Port Serial;\nvoid delay(unsigned long);\n"
    )
    command = ["g++", "-x", "c++", "-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    run([*command, f"-I{tmp_path}", f"-I{folder / 'src'}", "-include", "Arduino.h", sketch], tmp_path)


def test_the_zephyr_module_names_files_that_are_there(dense: Graph, tmp_path: Path) -> None:
    files = library_files(dense, name="net")
    module = yaml.safe_load(files["zephyr/module.yml"])
    assert re.fullmatch(r"[a-zA-Z0-9_\-]+", module["name"])
    assert set(module) <= {"name", "build", "samples", "tests", "boards"}
    assert f"{module['build']['cmake']}/CMakeLists.txt" in files
    assert module["build"]["kconfig"] in files
    (symbol,) = re.findall(r"^config (\w+)$", files["zephyr/Kconfig"], re.M)
    assert files["zephyr/samples/net/prj.conf"] == f"CONFIG_{symbol}=y\n"
    compiled = set(re.findall(r"\.\./(src/\S+)", files["zephyr/CMakeLists.txt"])) - {"src)"}
    assert compiled == {path for path in files if path.startswith("src/") and path[-2:] in (".c", ".S")}


def test_zephyr_s_build_functions_get_every_source(dense: Graph, tmp_path: Path) -> None:
    """Zephyr's three CMake functions, stood in for by their documented meaning; the sample links."""
    require("cmake")
    folder = written(library_files(dense, name="net"), tmp_path / "module")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(z LANGUAGES C CXX ASM)\n"
        "function(zephyr_include_directories)\n  foreach(d ${ARGN})\n"
        "    get_filename_component(d ${d} ABSOLUTE)\n    include_directories(${d})\n"
        "    set_property(GLOBAL APPEND PROPERTY dirs ${d})\n  endforeach()\nendfunction()\n"
        "macro(zephyr_library)\n  add_library(net STATIC)\n"
        "  get_property(d GLOBAL PROPERTY dirs)\n  target_include_directories(net PUBLIC ${d})\nendmacro()\n"
        "function(zephyr_library_sources)\n  target_sources(net PRIVATE ${ARGN})\nendfunction()\n"
        "cmake_policy(SET CMP0076 NEW)\nset(CONFIG_MN_NETWORK_NET y)\nadd_subdirectory(module/zephyr)\n"
        "add_executable(app module/zephyr/samples/net/src/main.c)\n"
        "target_link_libraries(app -Wl,--whole-archive net -Wl,--no-whole-archive)\n"
    )
    run(["cmake", "-S", ".", "-B", "build"], tmp_path)
    run(["cmake", "--build", "build"], tmp_path)
    assert run(["build/app"], tmp_path).split()
    assert folder.is_dir()


def test_the_pack_description_is_in_the_order_of_its_schema(dense: Graph) -> None:
    """Facts of the published PACK.xsd: required elements and attributes; no tool has loaded the pack."""
    files = library_files(dense, name="net")
    root = ElementTree.fromstring(files["micronas.mn_network_net.pdsc"])
    assert [child.tag for child in root] == [
        "vendor", "name", "description", "url", "license", "releases", "conditions", "components",
    ]  # fmt: skip
    (component,) = root.iter("component")
    assert {"Cclass", "Cgroup", "Cversion", "condition"} <= set(component.attrib)
    assert component.get("condition") in {c.get("id") for c in root.iter("condition")}
    for file in root.iter("file"):
        path = str(file.get("name"))
        assert path in files or path == "src/"
        assert file.get("category") in {"include", "header", "sourceC", "sourceAsm"}


@pytest.mark.slow
def test_platformio_packs_the_library(dense: Graph, tmp_path: Path) -> None:
    folder = written(library_files(dense, name="net"), tmp_path / "net")
    manifest = json.loads((folder / "library.json").read_text())
    assert manifest.pop("license") == "Apache-2.0"  # its check downloads the list of SPDX identifiers
    (folder / "library.json").write_text(json.dumps(manifest))
    run([sys.executable, "-m", "platformio", "pkg", "pack", folder, "-o", tmp_path / "net.tar.gz"], tmp_path)
    listing = run(["tar", "tzf", tmp_path / "net.tar.gz"], tmp_path).split()
    assert {"library.json", "src/mn_network_net.h", "src/mn_network_net.c"} <= set(listing)
