"""Every format is read back by the library that it is meant for."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from micronas.cli.export_results import export_results
from micronas.errors import ConfigError
from micronas.store import Record, Store
from tests.support.report_run import DEAD, REFUSED, WIDTHS, make_run

QUALITIES = [0.6, 0.7, 0.8, 0.9]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "run", finished=False)


@pytest.fixture(scope="module")
def records(run: Path) -> list[Record]:
    with Store.read(run) as store:
        return store.records()


def test_csv_and_json_hold_every_trial_with_its_genes(run: Path, tmp_path: Path) -> None:
    export_results(run, csv=tmp_path / "deep" / "t.csv", json=tmp_path / "t.json")
    with (tmp_path / "deep" / "t.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    trials = json.loads((tmp_path / "t.json").read_text())["trials"]
    assert (
        [int(line["trial"]) for line in lines]
        == [trial["trial"] for trial in trials]
        == list(range(DEAD + 1))
    )
    assert [line["gene.stem.width"] for line in lines[: len(WIDTHS)]] == [str(width) for width in WIDTHS]
    assert trials[1]["gene.blocks.0.gate"] is True
    assert trials[DEAD]["quality_int8"] is None
    assert trials[DEAD]["reason"] == "the loss became nan"


def test_parquet_has_typed_columns(run: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    export_results(run, parquet=tmp_path / "t.parquet")
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.column("flash_bytes").type == "int64"
    assert table.column("quality_int8").to_pylist()[: len(WIDTHS)] == pytest.approx(QUALITIES)
    assert table.column("quality_int8").to_pylist()[REFUSED] is None


@pytest.mark.slow
def test_tensorboard_reads_scalars_and_hyperparameters(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed (extra: test)")
    # With such a module, TensorBoard reads without TensorFlow, whose import takes seconds.
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", ModuleType("notf"))
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    plugin = pytest.importorskip("tensorboard.plugins.hparams.plugin_data_pb2")
    export_results(run, tensorboard=tmp_path / "tb")
    trials = accumulator.EventAccumulator(str(tmp_path / "tb" / "trials"))
    trials.Reload()
    assert [(e.step, e.value) for e in trials.Scalars("quality_int8")] == [
        (number, pytest.approx(quality)) for number, quality in enumerate(QUALITIES)
    ]
    assert "latency_ms_emulated" in trials.Tags()["scalars"]
    one = accumulator.EventAccumulator(str(tmp_path / "tb" / "trial-2"))
    one.Reload()
    content = one.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    found = plugin.HParamsPluginData.FromString(content).session_start_info.hparams
    assert found["stem.width"].number_value == 8
    assert found["blocks.0.kind"].string_value == "separable"
    with pytest.raises(ConfigError, match="already holds events"):
        export_results(run, tensorboard=tmp_path / "tb")


@pytest.mark.slow
def test_optuna_reads_the_study_with_its_front(run: Path, tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    url = f"sqlite:///{tmp_path / 'study.db'}"
    export_results(run, optuna=url)
    study = optuna.load_study(study_name="run", storage=url)
    assert [trial.state.name for trial in study.trials] == [
        *["COMPLETE"] * len(WIDTHS),
        "PRUNED",
        "PRUNED",
        "FAIL",
    ]
    assert study.metric_names == ["quality_int8", "flash_bytes", "sram_bytes", "latency_ms emulated"]
    assert sorted(trial.number for trial in study.best_trials) == list(range(len(WIDTHS)))
    assert study.trials[2].params == {
        "stem.kernel": 3,
        "stem.width": 8,
        "blocks.0.kind": "separable",
        "blocks.0.gate": True,
    }
    assert study.trials[2].values[0] == pytest.approx(0.8)
    assert study.trials[DEAD].user_attrs["reason"] == "the loss became nan"
    with pytest.raises(ConfigError, match="already"):
        export_results(run, optuna=url)
    with pytest.raises(ConfigError, match="--optuna nonsense"):
        export_results(run, optuna="nonsense")


def test_a_format_must_be_given(run: Path) -> None:
    with pytest.raises(ConfigError, match="no format"):
        export_results(run)
