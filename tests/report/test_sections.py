"""What the page is made of, each part against figures worked out here."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from micronas.board import Board, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.errors import BoardError
from micronas.estimate.threshold import Threshold
from micronas.latency.features import OpFeatures
from micronas.latency.fine_features import fine_features_of
from micronas.latency.op_model import OpTime
from micronas.memory.ledger import make_ledger
from micronas.model.front_end import FILE_NAME, FrontEnd, FrontEndFile, to_json
from micronas.report import front_networks as front_module
from micronas.report import write_report
from micronas.report.downloads import EMBEDDED_BYTES, LIBRARY, downloads
from micronas.report.drawing import draw, op_title, short, sources
from micronas.report.endings import endings
from micronas.report.front_networks import front_networks, op_costs, spread
from micronas.report.genes import flat_genes, genes_text
from micronas.report.history import box_of, volumes
from micronas.report.memory_table import MemoryRow, memory_table
from micronas.report.page import render, short_number
from micronas.report.run_data import RunData, read_run
from micronas.store import Store
from micronas.store.deployment_figures import (
    ConstantChannelBytes,
    CounterFigures,
    DeploymentFigures,
    FrontEndFigures,
    OpFigures,
    ParityFigures,
    SramFigures,
    TargetFigures,
)
from micronas.store.pool import PoolRow
from micronas.trial import Json, Latency, Source
from tests.support.paths import REPOSITORY
from tests.support.report_run import BOARD, DEAD, REFUSED, WIDTHS, make_run, residual_graph
from tests.support.stored_trials import complete, failed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def run(folder: Path) -> RunData:
    with Store.read(folder) as store:
        return read_run(store)


def test_the_page_shows_every_figure_of_a_deployment(run: RunData) -> None:
    """As the store keeps them: a page that reads another form of them would end a finished search."""
    deployment = DeploymentFigures(
        constant_channels=ConstantChannelBytes(3544, 3438),
        execution_target=TargetFigures("qemu", "netduinoplus2", True, True, "emulated on netduinoplus2"),
        counter=CounterFigures("TIM2", "instructions"),
        parity=ParityFigures(320, 1),
        per_op=(OpFigures(0, "CONV_2D", (1, 8, 8, 4), 9876, 0.75, 888, 0.125),),
        sram=SramFigures(5000, 5000, 5000),
        front_end=FrontEndFigures(2048, 1024, 12_647, 0.11, "emulated"),
    )
    assert run.final is not None
    final = replace(run.final, result={**run.final.result, "deployment": deployment.to_json()})
    page = " ".join(render(replace(run, final=final), Path("report.html")).split())
    for part in (
        "3,438 bytes of weights and biases instead of 3,544",
        "; emulated on netduinoplus2.",
        "read from TIM2",
        "319 of 320 output elements equal the reference",
        "<td>8×8×4</td>",
        '<td class="n">9,876</td>',
        "predicted = linked = reported",
        "<b>2.0 KB</b>",
        "flash, 1.0 KB SRAM, predicted",
        "0.11 ms per input, emulated",
    ):
        assert part in page, part


def test_every_mark_of_every_chart_names_its_trial_and_genes(run: RunData) -> None:
    by_number = {record.trial.number: record.trial for record in run.records}
    figures = re.findall("<figure.*?</figure>", render(run, Path("report.html")), re.DOTALL)
    marks = [
        re.findall(r"<(?:circle|rect)[^>]*data-trial.*?</(?:circle|rect)>", chart, re.DOTALL)
        for chart in figures
    ]
    assert [len(found) for found in marks] == [len(WIDTHS)] * 3 + [len(by_number), len(WIDTHS) - 1, 0]
    for mark in [one for found in marks for one in found]:
        trial = by_number[int(re.findall(r'data-trial="(\d+)"', mark)[0])]
        title = html.unescape(re.findall("<title>(.*?)</title>", mark, re.DOTALL)[0])
        assert title.startswith(f"trial {trial.number}")
        assert title.endswith(genes_text(trial.arch))


def test_the_dark_page_has_every_colour_of_the_light_one() -> None:
    light, dark = re.findall(
        r":root \{(.*?)\}", (REPOSITORY / "micronas" / "report" / "style.css.j2").read_text(), re.DOTALL
    )
    names = [re.findall(r"(--[a-z]+):", part) for part in (light, dark)]
    assert names[0] == names[1]
    assert len(names[0]) > 10


def test_a_page_of_anomalies_says_what_the_threshold_does(run: RunData) -> None:
    assert run.final is not None
    threshold = Threshold("anomaly", 0.00134, 171, 180, 103, 150, 0.867, 0.686)
    final = replace(run.final, result={**run.final.result, "threshold": threshold.to_json()})
    page = " ".join(render(replace(run, final=final), Path("report.html")).split())
    for part in ("at least 0.00134.", "passes 171 of 180 normal samples", "finds 103 of 150 anomalies"):
        assert part in page
    assert "the AUC on the validation split is 86.7 %, and 68.6 % over" in page
    for other in (
        {"threshold": {"name": "anomaly"}},
        {"threshold": {**threshold.to_json(), "name": "accept"}},
    ):
        final = replace(run.final, result={**run.final.result, **other})
        assert "Normal or anomaly" not in render(replace(run, final=final), Path("report.html"))


def test_genes_read_as_text_in_any_space() -> None:
    arch = {"stem": {"kernel": 3, "pool": False, "gate": True}, "blocks": [{"width": 8}, {"width": 12}]}
    assert genes_text(arch) == "stem: kernel 3, gate; blocks 1: width 8; blocks 2: width 12"
    assert genes_text([1, 0, 2]) == "1 0 2"
    assert flat_genes(arch)["blocks.1.width"] == 12
    assert flat_genes([4, 5]) == {"0": 4, "1": 5}


def test_reasons_that_differ_in_numbers_are_one_group(run: RunData) -> None:
    found = endings(run.records)
    assert [(e.outcome, e.stage, e.count) for e in found] == [
        ("infeasible", "budget", 2),
        ("failed", "train", 1),
    ]
    assert found[0].numbers == (REFUSED, REFUSED + 1)
    assert found[1].numbers == (DEAD,)


def test_the_hypervolume_is_the_share_of_the_box_that_is_dominated(run: RunData) -> None:
    box = box_of(run)
    assert box is not None
    assert (box.error, box.cost) == (0.75, 5.0)  # guessing one of four classes; the slowest trial
    # errors .4 .3 .2 .1 of .75 at 2, 3, 4 and 5 of 5 ms: stairs below the corner (1, 1)
    steps = [(1 - 0.4 / 0.75) * (1 - 2 / 5)]
    steps.append(steps[-1] + (0.4 - 0.3) / 0.75 * (1 - 3 / 5))
    steps.append(steps[-1] + (0.3 - 0.2) / 0.75 * (1 - 4 / 5))
    steps.append(steps[-1])  # at the edge of the box
    assert [volume for _, volume in volumes(run, box)] == pytest.approx(steps)


def test_a_drawing_has_a_box_per_op_and_shows_the_residual_connection(run: RunData) -> None:
    assert [network.record.trial.number for network in run.networks] == list(range(len(WIDTHS)))
    network, graph = run.networks[0], residual_graph(WIDTHS[0])
    svg = draw(network)
    assert svg.count('class="op ') == len(graph.ops)
    add = next(place for place, op in enumerate(graph.ops) if op.kind == "ADD")
    assert sorted(sources(network.graph, add)) == [0, add - 1]
    assert svg.count("<path") == 1
    assert [op_title(graph, op) for op in graph.ops[:3]] == ["Conv 3×3 /2", "Depthw. 3×3", "Conv 1×1"]
    ledger = make_ledger(graph, load_board(BOARD))
    for row in ledger.ops:
        assert f"{row.constant_bytes:,} bytes of constants" in svg
        assert f"{row.live_bytes:,} bytes of the arena in use" in svg
    assert "8×8×4" in svg


class _Prices:
    """A timing model whose op takes as many cycles as it has features."""

    model: _Prices

    def __init__(self) -> None:
        self.model = self

    def untrained_op(self, features: OpFeatures) -> OpTime:
        return OpTime(float(len(features.values)), 0.0)

    def sum(self, ops: list[OpTime]) -> Latency:
        return Latency(1.0, Source.MODELLED, cycles=round(ops[0].cycles))


def _unpriced(board: Board) -> _Prices:
    raise BoardError("this core has no timing model")


def test_cycles_are_measured_else_modelled_else_instructions_and_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph, board = residual_graph(4), load_board(BOARD)
    lowered = lower_graph(graph, Target(board.core))
    rows: list[Json] = [{"instructions": 100 + place} for place in range(len(graph.ops))]
    measured = op_costs({"per_op": rows, "counter": {"counts": "cycles"}}, graph, board, lowered)
    assert measured is not None
    assert measured.what == "cycles, measured"
    assert measured.values == tuple(100 + place for place in range(len(graph.ops)))
    emulated: dict[str, Json] = {"per_op": rows, "counter": {"counts": "instructions"}}
    monkeypatch.setattr(front_module, "board_latency", lambda board: _Prices())
    modelled = op_costs(emulated, graph, board, lowered)
    assert modelled is not None
    assert modelled.what == "cycles, modelled"
    assert modelled.values == tuple(len(features.values) for features in fine_features_of(graph, lowered))
    monkeypatch.setattr(front_module, "board_latency", _unpriced)
    counted = op_costs(emulated, graph, board, lowered)
    assert counted is not None
    assert counted.what == "instructions, emulated"
    assert op_costs({}, graph, board, lowered) is None


def test_a_long_front_is_drawn_in_even_steps_with_both_ends() -> None:
    front = [complete(number) for number in range(100)]
    numbers = [record.trial.number for record in spread(front, 12)]
    assert (numbers[0], numbers[-1], len(set(numbers))) == (0, 99, 12)
    assert spread(front[:5], 12) == front[:5]
    assert short(9_999) == "9,999"
    assert short(12_345) == "12.3k"


def test_networks_without_a_stored_model_are_left_out(folder: Path) -> None:
    with Store.read(folder) as store:
        assert front_networks(store, [complete(9), failed(10)]) == ()


def test_the_memory_table_has_a_row_per_region_and_names_differences(run: RunData) -> None:
    assert run.final is not None
    rows = memory_table(run.final.result["deployment"])  # type: ignore[arg-type]
    assert [row.name for row in rows] == ["flash", "sram", "constants (in flash)", "all SRAM"]  # ccm is empty
    assert [row.verdict for row in rows] == ["+8 bytes", "equal", "equal", "equal"]
    assert MemoryRow("sram", 10, 10, 12, 100).verdict == "+2 bytes"
    assert MemoryRow("sram", 10, None, None, 100).verdict == "not built"
    assert MemoryRow("sram", 10, 20, None, 100).used == 0.2
    assert memory_table({}) == []


def test_before_a_result_only_the_trials_can_be_downloaded(folder: Path, tmp_path: Path) -> None:
    with Store.read(folder) as store:
        run = read_run(store)
    best = tmp_path / "best"
    best.mkdir()
    (best / "firmware.elf").write_bytes(b"half a file")
    unfinished = replace(run, folder=tmp_path, final=None, best=None)
    assert [file.name for file in downloads(unfinished, tmp_path / "page.html").files] == ["trials.csv"]


def test_flash_that_was_linked_otherwise_is_not_called_equal(run: RunData, tmp_path: Path) -> None:
    page = " ".join(render(run, tmp_path / "page.html").split())
    assert "predicted, linked +8 bytes" in page
    assert "flash, KB (predicted)" in page
    assert run.final is not None
    deployment: Json = {"regions": {"flash": {"predicted": 100, "linked": 100, "size": 1000}}}
    built = replace(run, final=replace(run.final, result={**run.final.result, "deployment": deployment}))
    assert "predicted = linked</span>" in " ".join(render(built, tmp_path / "page.html").split())
    bare = replace(run, final=replace(run.final, result={**run.final.result, "deployment": {}}))
    assert "linked</span>" not in " ".join(render(bare, tmp_path / "page.html").split())


def test_the_heading_names_data_and_core_as_people_do(run: RunData, tmp_path: Path) -> None:
    data: Json = {"name": "npz", "path": "$MICRONAS_DATA/windows.npz"}
    page = " ".join(render(replace(run, config={**run.config, "data": data}), tmp_path / "page.html").split())
    assert "npz windows.npz on ST NUCLEO-F446RE (Cortex-M4, 180 MHz)" in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.34e-08, "0"), (-5.34e-08, "0"), (-1.6543, "−1.65"), (0.0123, "0.0123"), (12.0, "12"), (1.0, "1")],
)
def test_numbers_of_a_table_are_short(value: float, text: str) -> None:
    assert short_number(value) == text


def test_the_stored_matrix_is_drawn_and_a_damaged_one_is_left_out(folder: Path, tmp_path: Path) -> None:
    with Store.read(folder) as store:
        text = write_report(store, tmp_path / "page.html").read_text(encoding="utf-8")
        run = read_run(store)
    assert "Balanced accuracy 80.0 %" in text  # (0.9 + 1.0 + 0.8 + 0.5) / 4
    assert text.count('style="--shade: 0.50"') == 2, "5 of 10 samples of the last class, in two cells"
    damaged: dict[str, Json] = {"classes": ["a", "b"], "matrix": [[1, 2], [3]]}
    assert run.final is not None
    final = replace(run.final, result={**run.final.result, "confusion": damaged})
    assert 'id="confusion"' not in render(replace(run, final=final), tmp_path / "page.html")


def test_false_accepts_per_hour_are_stated_with_their_interval(folder: Path, tmp_path: Path) -> None:
    with Store.read(folder) as store:
        text = write_report(store, tmp_path / "page.html").read_text(encoding="utf-8")
        run = read_run(store)
    assert "At an output of at least 0.625 (chosen on the validation split for at most 1 false accept" in text
    assert "3 of 720 unknown samples accepted, 2 per hour in 1.5 h (95 %: 0.41 to 5.84)" in text
    assert "Unknown classes: three." in text
    assert run.final is not None
    final = replace(run.final, result={**run.final.result, "rejection": {"limit": "none"}})
    assert 'id="rejection"' not in render(replace(run, final=final), tmp_path / "page.html")


def test_the_library_and_small_files_travel_in_the_page_and_large_ones_are_links(folder: Path) -> None:
    best = folder / "best"
    best.mkdir(exist_ok=True)
    (best / "firmware.elf").write_bytes(b"ELF" * 10)
    (best / "model.keras").write_bytes(bytes(EMBEDDED_BYTES + 1))
    with Store.read(folder) as store:
        files = {file.name: file for file in downloads(read_run(store), folder / "pages" / "page.html").files}
        assert base64.b64decode(files["firmware.elf"].href.partition(",")[2]) == b"ELF" * 10
        assert files["model.keras"].href == "../best/model.keras"
        archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(files["c_library.zip"].href.partition(",")[2])))
        assert "model/CMakeLists.txt" in archive.namelist()
        assert {"trials.csv", "model.tflite", "mn_model.c"} <= set(files)
        text = write_report(store, folder / "page.html").read_text(encoding="utf-8")
    assert 'href="best/model.keras"' in text
    assert "beside this page" in text


def test_an_unfinished_run_has_drawings_but_no_table_of_memories(tmp_path: Path) -> None:
    with Store.read(make_run(tmp_path / "run", finished=False)) as store:
        text = write_report(store, tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count('class="net"') == len(WIDTHS)
    assert 'id="memories"' not in text
    assert 'id="confusion"' not in text
    assert "flash: 904 bytes over &lt;64 KB&gt;" in text
    assert "Trained with micronas" in text


def test_the_noise_of_each_layer_and_the_second_interpreter_are_shown(run: RunData, tmp_path: Path) -> None:
    page = " ".join(render(run, tmp_path / "page.html").split())
    assert "CONV_2D 0 adds most noise" in page
    cells = ("0 to 4.5", "0 to 4", "12.5 %", "33.5")
    row = page.replace("</td> <td", "</td><td")
    assert "".join(f'<td class="n">{cell}</td>' for cell in cells) in row
    assert (
        "Second interpreter: tflite-runtime 2.14.0: 160 of 160 output elements equal on 40 samples." in page
    )


def test_layers_in_another_form_leave_the_page_readable(run: RunData, tmp_path: Path) -> None:
    damaged: dict[str, Json] = {"layers": {"samples": "many"}, "witness": {"samples": 3}}
    assert run.final is not None
    final = replace(run.final, result={**run.final.result, **damaged})
    page = render(replace(run, final=final), tmp_path / "page.html")
    assert 'id="layers"' not in page
    assert "Second interpreter" not in page


def test_the_boards_of_a_pool_are_named_with_what_is_wrong_with_them(run: RunData, tmp_path: Path) -> None:
    assert "Boards of the pool" not in render(run, tmp_path / "report.html")
    slow = PoolRow("066DFF", 7, 0, 1.08, 0.08, True, "")
    dead = PoolRow("0670FF", 1, 3, 1.0, 0.0, False, "3 failures in a row, the last one: no reply")
    page = render(replace(run, pool=(slow, dead)), tmp_path / "report.html")
    table = page.partition('<table id="pool">')[2].partition("</table>")[0]
    assert ">1.080<" in table
    assert ">+8.0 %<" in table
    assert "differs from the others" in table
    assert "quarantined: 3 failures in a row, the last one: no reply" in table


def test_the_library_of_the_page_has_the_front_end_or_the_page_says_why_there_is_none(folder: Path) -> None:
    file = FrontEndFile(FrontEnd("theirs", 3), "image", (8, 8, 1), (0.0, 1.0), "classify", (), {})
    path = folder / "best" / FILE_NAME
    path.parent.mkdir(exist_ok=True)
    with Store.read(folder) as store:
        run = read_run(store)
    path.write_text(json.dumps(to_json(file)))
    (library,) = [each for each in downloads(run, folder / "page.html").files if each.name == LIBRARY]
    archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(library.href.partition(",")[2])))
    assert json.loads(archive.read("model/manifest.json"))["front_end"]["name"] == "theirs"
    path.write_text("{")
    text = render(run, folder / "page.html")
    path.unlink()
    assert f"{LIBRARY} is not here: {path} cannot be read" in text
    assert "mn_model.c" in text
