"""What a search needs on this machine: packages, and the tools or boards of its device."""

from __future__ import annotations

import importlib.util

from micronas.board import Board
from micronas.codegen.toolchain import require_gcc
from micronas.config import SearchConfig
from micronas.deploy.deployment import require_tools
from micronas.errors import ToolMissingError
from micronas.host.installation import install_command
from micronas.search.pool.cluster import cluster_members
from micronas.search.pool.members import device_of, require_members_here

_TRAINING = ("tensorflow", "pebble", "psutil", "threadpoolctl")


def require_device(config: SearchConfig, board: Board) -> None:
    """Raise ``ToolMissingError`` or ``DeviceError`` if trials cannot run where the configuration says."""
    if config.device == "none":
        return
    if config.device == "serial" and config.executor == "ray":
        cluster_members(config, board.name)
    elif config.device == "serial" and config.has_pool:
        require_gcc()
        require_members_here(config)
    else:
        require_tools(device_of(config), board)


def require_packages() -> None:
    """Packages that only a search needs; reading, building and running work without them."""
    missing = [name for name in _TRAINING if importlib.util.find_spec(name) is None]
    if missing:
        raise ToolMissingError(
            f"a search needs {' and '.join(missing)}: not installed",
            remedy=install_command(*_TRAINING),
        )
