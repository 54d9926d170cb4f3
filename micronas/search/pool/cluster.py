"""The boards of a Ray cluster: each is a custom resource of the node that it is attached to.

A resource is called ``PROFILE:ID``, such as ``nucleo_f446re:066DFF505055657867184411``, and a node has one of
it. ``micronas devices --resources`` prints those of a machine for ``ray start --resources``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from micronas.config import SearchConfig
from micronas.errors import DeviceError
from micronas.search.pool.members import members_here, normal_id
from micronas.search.workers.ray_cluster import connected

_SEPARATOR = ":"


@dataclass(frozen=True)
class ClusterBoard:
    """A board of a cluster, its node, and whether a search is measuring on it now."""

    profile: str
    name: str
    host: str
    in_use: bool


def resource_of(profile: str, board_id: str) -> str:
    """The name of a board's custom resource."""
    return f"{profile}{_SEPARATOR}{board_id}"


def cluster_boards(address: str, profiles: Mapping[str, object]) -> list[ClusterBoard]:
    """Every board of the cluster at ``address`` whose profile is one of ``profiles``, by profile and id."""
    ray = connected(address)
    free = ray.available_resources()
    found = []
    for node in ray.nodes():
        for resource in node["Resources"] if node["Alive"] else ():
            profile, separator, name = resource.partition(_SEPARATOR)
            if separator and profile in profiles:
                host = str(node["NodeManagerHostname"])
                found.append(ClusterBoard(profile, name, host, free.get(resource, 0) < 1))
    return sorted(found, key=lambda board: (board.profile, board.name, board.host))


def cluster_members(config: SearchConfig, profile: str) -> dict[str, str]:
    """Id -> custom resource of the boards of a search's pool that are attached to nodes.

    Raises ``DeviceError`` if one of ``pool.boards`` is missing, if there is none at all, or if two nodes use
    the same id.
    """
    found = [board.name for board in cluster_boards(config.ray_address, {profile: None})]
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise DeviceError(
            f"two nodes of the cluster have a board {twice}",
            remedy="name boards by the serial numbers of their probes, which differ",
        )
    wanted = _wanted(config) or tuple(found)
    missing = [name for name in wanted if name not in found]
    if config.device == "serial" and (missing or not wanted):
        raise DeviceError(
            f"the Ray cluster at {config.ray_address} has no board "
            f"{', '.join(resource_of(profile, name) for name in missing or ('SERIAL',))}; it has "
            f"{', '.join(found) or 'none'} of profile {profile}",
            remedy="on the machine that has it: `ray start --address HOST:PORT --resources "
            f'"$(micronas devices --resources {profile})"`',
        )
    return {name: resource_of(profile, name) for name in wanted if name in found}


def _wanted(config: SearchConfig) -> tuple[str, ...]:
    """The ids that the configuration names; empty for all of the cluster."""
    single = config.port or (normal_id(config.probe) if config.probe else None)
    return (single,) if single is not None else members_here(config)
