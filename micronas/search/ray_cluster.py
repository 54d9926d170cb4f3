"""The connection to a Ray cluster. Ray is an optional extra and is imported only here, when it is used."""

from __future__ import annotations

import warnings
from types import ModuleType

from micronas.errors import MachineError, ToolMissingError


def connected(address: str) -> ModuleType:
    """The module ``ray``, connected to the cluster at ``address``; see ``RayExecutor``."""
    ray = _imported()
    if not ray.is_initialized():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of Ray's own plans
                ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise MachineError(
                f"no Ray cluster answers at {address}: {str(error).splitlines()[0]}",
                remedy="start one with `ray start --head`, or give its address: --ray HOST:6379",
            ) from error
    return ray


def _imported() -> ModuleType:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        from micronas.host.installation import install_command

        remedy = install_command("ray")
        raise ToolMissingError("executor ray needs Ray, which is not installed", remedy=remedy) from error
    return ray
