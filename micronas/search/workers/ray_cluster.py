"""The connection to a Ray cluster. Ray is an optional extra and is imported only here, when it is used."""

from __future__ import annotations

import socket
import warnings
from types import ModuleType

from micronas.errors import MachineError, ToolMissingError

ANSWER_S = 10.0
"""In which the port of a cluster must accept a connection. Ray itself tries for more than five minutes."""


def connected(address: str) -> ModuleType:
    """The module ``ray``, connected to the cluster at ``address``; see ``RayExecutor``.

    Raises ``MachineError`` if nothing answers there, and ``ToolMissingError`` without Ray.
    """
    ray = _imported()
    if not ray.is_initialized():
        try:
            _require_answer(address)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of Ray's own plans
                ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (OSError, RuntimeError, ValueError) as error:
            raise MachineError(
                f"no Ray cluster answers at {address}: {str(error).splitlines()[0]}",
                remedy="start one with `ray start --head`, or give its address: --ray HOST:6379",
            ) from error
    return ray


def _require_answer(address: str) -> None:
    """Raises ``OSError`` if nothing accepts a connection at ``HOST:PORT``; other addresses are Ray's own."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()


def _imported() -> ModuleType:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        from micronas.host.installation import install_command

        remedy = install_command("ray")
        raise ToolMissingError("executor ray needs Ray, which is not installed", remedy=remedy) from error
    return ray
