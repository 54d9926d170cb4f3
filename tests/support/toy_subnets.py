"""Subnets of the toy space, as a search with shared weights would find them."""

from __future__ import annotations

from micronas.board import load_board
from micronas.config import RewardConfig
from micronas.memory.ledger import make_ledger
from micronas.model.net import Conv, Net, NetBuilder, shape_graph
from micronas.search.subnets.latency import ProfiledNetwork, Shapes
from micronas.search.subnets.search import FoundSubnets, Subnet
from micronas.search.subnets.strategy import SelectionTarget
from micronas.space.reference.ds_cnn import pooled_classifier
from micronas.trial import Json, Latency, Source, latency_to_json
from tests.support.search_fakes import ToyArch, ToySpace


class SpaceWithNets(ToySpace):
    """Toy words with networks, which grow with the first digit."""

    def net(self, arch: ToyArch) -> Net:
        return pooled_classifier(NetBuilder((2, 2, 4)).chain(Conv(1 + arch.genes[0], 1, 1)), 2)


SPACE = SpaceWithNets()
BOARD = load_board("nucleo_f446re")
SHAPES = Shapes(SPACE, lambda arch: make_ledger(shape_graph(SPACE.net(arch)), BOARD))
PROFILE_OF_AN_HOUR: dict[str, Json] = {
    "ops": [],
    "count": 3.6e6,
    "latency": latency_to_json(Latency(3.6e6, Source.EMULATED, instructions=3_600_000)),
}
AIM = SelectionTarget(RewardConfig())


def subnet(genes: tuple[int, ...], reward: float) -> Subnet:
    arch = ToyArch(genes)
    return Subnet(SPACE.to_json(arch), SPACE.key(arch), reward, reward)


SUBNETS = tuple(subnet((i % 5, i // 5, 0, 0, 0, 0), ((7 * i) % 20) / 20) for i in range(20))
FOUND_SUBNETS = FoundSubnets(
    SUBNETS, 3, 1.0, 1.0, 0.2, 1, (ProfiledNetwork([1, 0, 0, 0, 0, 0], PROFILE_OF_AN_HOUR),)
)
