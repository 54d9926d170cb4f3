"""The shipped data are found in a package and in a checkout, and what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.errors import InstallError
from micronas.host.resources import RESOURCES, resource
from tests.support.paths import REPOSITORY


@pytest.mark.parametrize("name", RESOURCES)
def test_a_checkout_has_them_at_the_top(name: str) -> None:
    assert resource(name) == REPOSITORY / name  # type: ignore[arg-type]


def test_a_packages_own_data_win_over_what_lies_beside_it(tmp_path: Path) -> None:
    for folder in (tmp_path / "boards", tmp_path / "micronas" / "_data" / "boards"):
        folder.mkdir(parents=True)
        (folder / "b.yaml").touch()
    assert resource("boards", tmp_path / "micronas") == tmp_path / "micronas" / "_data" / "boards"


@pytest.mark.parametrize("made", [(), ("boards",), ("micronas/_data/boards",)], ids=str)
def test_a_missing_or_empty_folder_is_named(tmp_path: Path, made: tuple[str, ...]) -> None:
    for folder in made:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(InstallError, match="boards of micronas is missing") as refusal:
        resource("boards", tmp_path / "micronas")
    assert refusal.value.remedy is not None
