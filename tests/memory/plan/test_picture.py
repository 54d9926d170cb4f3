"""The memory plan as a picture: text and SVG, from the command line."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from micronas.board import load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.memory.plan import plan_memory
from micronas.memory.plan.free_scratch import use_free_bytes
from micronas.model.tflite import read
from tests.support.command_line import micronas

BOARD = "nucleo_f446re"
SVG = "{http://www.w3.org/2000/svg}"


def check(model: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return micronas("check", model, "--board", BOARD, *arguments, cwd=model.parent)


def test_the_svg_has_a_box_per_span_in_place(networks: Path, tmp_path: Path) -> None:
    model = networks / "mlperf_tiny_kws.tflite"
    done = check(model, "--prefer", "sram", "--plan", tmp_path / "plan.svg")
    assert done.returncode == 0, done.stderr
    boxes = ElementTree.parse(tmp_path / "plan.svg").getroot().findall(f"{SVG}rect[@class]")
    graph = read(model)
    lowered = lower_graph(graph, Target(load_board(BOARD).core))
    _, plan = use_free_bytes(lowered, plan_memory(graph, lowered))
    assert len(boxes) == len(plan.spans)
    tips = [box.findtext(f"{SVG}title") for box in boxes]
    for span, tip in zip(plan.spans, tips, strict=True):
        assert tip is not None
        assert tip.endswith(f"{span.size:,} bytes at {span.offset:,}")
    heights = [float(box.attrib["height"]) for box in boxes]
    assert heights[0] / heights[1] == pytest.approx(plan.spans[0].size / plan.spans[1].size, rel=0.02)


@pytest.mark.parametrize("runtime", ["micronas", "tflm"])
def test_any_other_file_gets_the_text(networks: Path, tmp_path: Path, runtime: str) -> None:
    model = networks / "mlperf_tiny_kws.tflite"
    done = check(model, "--runtime", runtime, "--plan", tmp_path / "plan.txt")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "plan.txt").read_text()
    assert "load inputs" in text
    assert any(line.endswith("peak") for line in text.splitlines())


def test_a_folder_that_is_not_there_is_made(networks: Path, tmp_path: Path) -> None:
    done = check(networks / "tiny.tflite", "--plan", tmp_path / "new" / "plan.svg")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new" / "plan.svg").read_text(encoding="utf-8").startswith("<svg")
