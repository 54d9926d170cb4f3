"""The live page: on loopback only, as the run grows, until Ctrl-C or its deadline."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from micronas.cli.report import report
from micronas.errors import ConfigError
from micronas.report.live import serving
from micronas.store import Store
from tests.support.paths import REPOSITORY
from tests.support.report_run import make_run
from tests.support.stored_trials import failed

DEADLINE_S = 60


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run", finished=False)


def get(address: str, path: str = "") -> str:
    with urllib.request.urlopen(address + path, timeout=DEADLINE_S) as answer:
        return str(answer.read().decode())


def status(address: str, path: str, host: str) -> int:
    connection = http.client.HTTPConnection(address.split("/")[2], timeout=DEADLINE_S)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse().status
    connection.close()
    return answer


def test_the_page_follows_the_run(run: Path) -> None:
    with serving(run) as address:
        assert address.startswith("http://127.0.0.1:")
        page, before = get(address), get(address, "stamp")
        assert f'data-stamp="{before}"' in page
        assert 'id="trial-7"' not in page
        with Store.resume(run) as store:
            store.begin_session()
            store.add(failed(7))
            assert get(address, "stamp") != before
            assert 'id="trial-7"' in get(address)


def test_only_this_machine_and_only_the_run_s_page(run: Path) -> None:
    (run / "best").mkdir()
    (run / "best" / "model.keras").write_bytes(b"keras")
    with serving(run) as address:
        assert status(address, "/", "evil.example:80") == 403
        assert status(address, "/run.sqlite", "127.0.0.1:1") == 404
        assert status(address, "/best/../run.sqlite", "127.0.0.1:1") == 404
        assert get(address, "best/model.keras") == "keras"
        port = int(address.rstrip("/").rpartition(":")[2])
        with pytest.raises(ConfigError, match=f"--port {port}"), serving(run, port):
            pass


def test_options_that_have_no_effect_are_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--live writes no files"):
        report(run, live=True, out=tmp_path / "x.html")
    with pytest.raises(ConfigError, match="need --live"):
        report(run, minutes=1.0)


def test_it_ends_at_its_deadline(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(run, live=True, minutes=0.001)
    assert "http://127.0.0.1:" in capsys.readouterr().out


def test_ctrl_c_ends_it_without_a_traceback(run: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "micronas", "report", str(run), "--live"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert re.match(r"http://127\.0\.0\.1:\d+/ ", line)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    assert errors == ""
