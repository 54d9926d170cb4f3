"""``micronas devices``: probes as resources of a Ray node, and the boards of a cluster."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

import micronas.device.attached as attached_module
import micronas.search.pool.cluster as cluster_module
from micronas.cli.app import app
from micronas.device.attached import Attached
from micronas.errors import DeviceError
from micronas.search.pool.cluster import ClusterBoard
from tests.support.json_page import require_documented

PROBES = [
    Attached("ST-LINK/V2-1", "066DFF", "/dev/ttyACM0", ("nucleo_f446re",)),
    Attached("ST-LINK/V3", "004E00", "/dev/ttyACM1"),
    Attached("ST-LINK/V2", "55FF6B", ""),
    Attached("serial port", "A50285BI", "/dev/ttyUSB0", is_probe=False),
]


def devices(*words: str) -> str:
    return CliRunner().invoke(app, ["devices", *words], catch_exceptions=False).stdout


def test_probes_with_a_port_are_resources_of_their_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached_module, "attached", lambda names: PROBES)
    found = json.loads(devices("--resources", "nucleo_f446re"))
    assert found == {"nucleo_f446re:066DFF": 1, "nucleo_f446re:004E00": 1}


def test_a_probe_of_another_board_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached_module, "attached", lambda names: PROBES)
    with pytest.raises(DeviceError, match="probe 066DFF is of nucleo_f446re, not of nucleo_l476rg"):
        devices("--resources", "nucleo_l476rg")


def test_boards_of_a_cluster_and_which_of_them_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        ClusterBoard("nucleo_f446re", "066DFF", "bench-1", in_use=True),
        ClusterBoard("nucleo_f446re", "004E00", "bench-2", in_use=False),
    ]
    monkeypatch.setattr(cluster_module, "cluster_boards", lambda address, profiles: found)
    text = devices("--ray", "192.0.2.7:6379")
    assert [line.split()[3] for line in text.splitlines() if "nucleo" in line] == ["measures", "free"]
    listed: Any = json.loads(devices("--ray", "192.0.2.7:6379", "--json"))
    require_documented("devices --ray ADDRESS", listed)
    monkeypatch.setattr(cluster_module, "cluster_boards", lambda address, profiles: [])
    assert "ray start --address HOST:PORT --resources" in devices("--ray", "192.0.2.7:6379")
