"""The folder of the boards' locks is shared by all users of a machine, and trusts none of them."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from micronas.device.lock import DeviceLock
from micronas.device.ports import Port
from micronas.errors import DeviceError

PORT = Port("/dev/ttyACM0", "066BFF")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="users and modes of Unix")


def test_every_user_can_create_locks_and_remove_only_their_own(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with DeviceLock(PORT, tmp_path / "locks") as lock:
            assert stat.S_IMODE((tmp_path / "locks").stat().st_mode) == 0o1777
            assert stat.S_IMODE(lock.path.stat().st_mode) == 0o666
    finally:
        os.umask(before)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two users")
def test_two_users_lock_one_board_in_turn(tmp_path: Path) -> None:
    shared = Path(tempfile.mkdtemp(dir="/tmp"))  # pytest's own folders are closed to other users
    shared.chmod(0o1777)
    folder = shared / "locks"
    try:
        for user in (65_534, 65_533):
            with DeviceLock(PORT, folder):
                assert (folder / "066BFF").exists()
            os.seteuid(user)
            with DeviceLock(PORT, folder):
                pass
            os.seteuid(0)
    finally:
        os.seteuid(0)
        shutil.rmtree(shared)


def test_a_link_in_place_of_the_folder_or_the_lock_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "locks").symlink_to(target)
    with pytest.raises(DeviceError, match="not a folder but a link"):
        DeviceLock(PORT, tmp_path / "locks").__enter__()
    assert list(target.iterdir()) == []
    (target / "066BFF").symlink_to(tmp_path / "made")
    with pytest.raises(DeviceError, match=r"cannot be locked: .*066BFF: Too many levels of symbolic links"):
        DeviceLock(PORT, target).__enter__()
    assert not (tmp_path / "made").exists()
