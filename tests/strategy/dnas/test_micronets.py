"""The differentiable search on the MicroNets skeletons: exact costs, and networks of the space."""

from __future__ import annotations

import math

import numpy as np
import pytest

from micronas.board import Core, load_board
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.sizes import model_constant_bytes
from micronas.config import DataConfig, StrategyConfig
from micronas.data import load
from micronas.errors import ConfigError
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.memory.plan import plan_memory
from micronas.model.net import shape_graph
from micronas.space import Arch
from micronas.space.cell import CellLimits, CellSpace
from micronas.space.micronets import Backbone as Kind
from micronas.space.micronets import MicronetsLimits, MicronetsSpace
from micronas.strategy import make_strategy
from micronas.strategy.dnas.backbone import ChoiceBackbone
from micronas.strategy.dnas.choice import choice_costs, drawn_choice
from micronas.strategy.dnas.cost_tables import Costs, CostTables, make_cost_tables
from micronas.strategy.dnas.limits import CostConstraints
from micronas.strategy.dnas.micronets_backbone import make_micronets_backbone
from micronas.strategy.dnas.search import Learned
from micronas.strategy.dnas.strategy import Dnas
from micronas.strategy.problem import Problem

TARGET = Target(Core.M4F)
BOARD = load_board("nucleo_f446re")
SHAPES = {"spectrogram": (49, 10, 1), "image": (32, 32, 1), "large": (96, 96, 3)}


def space_of(kind: Kind, shape: tuple[int, int, int] = (49, 10, 1)) -> MicronetsSpace:
    return MicronetsSpace(shape, 10, MicronetsLimits(kind, slots=5, max_width=48))


def even(backbone: ChoiceBackbone) -> list[np.ndarray]:
    return [np.full(n, 1.0 / n, np.float32) for n in backbone.decision_sizes]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", Kind)
def test_costs_of_choices_equal_those_of_the_whole_network(kind: Kind, shape: str) -> None:
    space = space_of(kind, SHAPES[shape])
    backbone = make_micronets_backbone(space, 24)
    tables, rng = make_cost_tables(backbone, TARGET), np.random.default_rng(0)
    depths = set()
    for _ in range(20):
        choice = drawn_choice(even(backbone), backbone, rng)
        arch = choice.arch(space, backbone)
        net = space.net(arch)
        graph = shape_graph(net)
        lowered = lower_graph(graph, TARGET)
        costs = choice_costs(choice, tables)
        assert costs.constant_bytes == model_constant_bytes(graph, lowered)
        assert costs.sram_bytes == plan_memory(graph, lowered).bound_bytes
        assert costs.macs == net.macs
        depths.add(sum(slot.kept for slot in arch.slots))
    assert len(depths) > 1


def test_relaxed_costs_at_one_hot_are_the_exact_costs() -> None:
    tf = pytest.importorskip("tensorflow")
    from micronas.strategy.dnas.decisions import by_name
    from micronas.strategy.dnas.relaxed_costs import relaxed_costs

    backbone = make_micronets_backbone(space_of(Kind.MOBILENET_V2), 24)
    tables, rng = make_cost_tables(backbone, TARGET), np.random.default_rng(1)
    for _ in range(10):
        choice = drawn_choice(even(backbone), backbone, rng)
        picks = [choice.stem_kernel, choice.stem_width]
        for block in choice.blocks:
            picks += [block.candidate, block.width, int(not block.kept)]
        hot = [tf.one_hot(k, n) for k, n in zip(picks, backbone.decision_sizes, strict=True)]
        exact = choice_costs(choice, tables)
        relaxed = relaxed_costs(by_name(hot), tables).numpy()
        assert tuple(relaxed) == (exact.constant_bytes, exact.sram_bytes, exact.macs, exact.ms)


def ledger_of(space: MicronetsSpace) -> object:
    def ledger(arch: Arch) -> Ledger:
        return make_ledger(shape_graph(space.net(arch)), BOARD, "micronas")

    return ledger


def greedy(backbone: ChoiceBackbone, tables: CostTables, aims: CostConstraints, seed: int) -> Learned:
    """A search that wants the widest and deepest of everything, with a little doubt."""
    wanted = [np.eye(n, dtype=np.float32)[-1] * 0.9 + np.float32(0.1 / n) for n in backbone.decision_sizes]
    for i in range(4, len(wanted), 3):
        wanted[i] = wanted[i][::-1]
    return Learned(tuple(wanted), 1, (), (), 0.0)


@pytest.mark.parametrize("kind", Kind)
def test_what_a_search_wants_is_cut_down_to_the_exact_budget(kind: Kind) -> None:
    space = space_of(kind)
    ledger = ledger_of(space)
    smallest: Ledger = ledger(space.baselines()[-1])  # type: ignore[operator]
    budget = Budget(smallest.flash_bytes + 12_000, smallest.sram_bytes + 6_000)
    problem = Problem(DataConfig(), TARGET, budget, ledger)  # type: ignore[arg-type]
    arch = Dnas(space, 0, lambda arch: True, problem, greedy, 1).ask(3)
    found: Ledger = ledger(arch)  # type: ignore[operator]
    assert space.from_json(space.to_json(arch)) == arch
    assert smallest.flash_bytes < found.flash_bytes <= budget.flash_bytes
    assert found.sram_bytes <= budget.sram_bytes


def test_a_search_learns_probabilities_for_every_decision() -> None:
    pytest.importorskip("tensorflow")
    from micronas.strategy.dnas.search import search
    from micronas.strategy.dnas.settings import DnasSettings

    data = load(DataConfig(name="digits"))
    space = MicronetsSpace(
        data.input_shape, data.n_classes, MicronetsLimits(slots=2, min_blocks=1, max_width=8)
    )
    backbone = make_micronets_backbone(space, 8)
    tables = make_cost_tables(backbone, TARGET)
    aims = CostConstraints(Costs(math.inf, math.inf, math.inf))
    learned = search(backbone, tables, aims, data, DnasSettings(batch_size=16).scaled(0.002), seed=1)
    assert [len(p) for p in learned.probabilities] == list(backbone.decision_sizes)
    assert all(np.isclose(p.sum(), 1.0, atol=1e-4) for p in learned.probabilities)


def test_a_space_without_a_backbone_is_refused_by_name() -> None:
    space = CellSpace((16, 16, 1), 10, CellLimits())
    problem = Problem(DataConfig(), TARGET, Budget(1, 1), lambda arch: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(ConfigError, match="strategy dnas does not search a CellSpace"):
        make_strategy(StrategyConfig(name="dnas"), space, 0, lambda arch: True, problem)
