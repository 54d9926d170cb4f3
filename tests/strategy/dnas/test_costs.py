"""What a backbone's choices cost: against lowering and planning the whole network, and by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.board import Core
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.codegen.lowering.sizes import model_constant_bytes
from micronas.memory.plan import plan_memory
from micronas.model.net import Add, shape_graph
from micronas.space.layerwise import LayerwiseSpace, Limits
from micronas.strategy.dnas.backbone import ChoiceBackbone, StageLayout, draw_layout, make_backbone
from micronas.strategy.dnas.choice import Choice, best_choice, choice_costs, drawn_choice, repaired
from micronas.strategy.dnas.cost_tables import Costs, CostTables, MacThroughput, make_cost_tables
from micronas.strategy.dnas.limits import widest_useful

TARGET = Target(Core.M4F)
SHAPES = {"image": (28, 28, 1), "spectrogram": (49, 10, 1), "stream": (64, 1, 6)}


def space_of(shape: tuple[int, int, int], **limits: object) -> LayerwiseSpace:
    return LayerwiseSpace(shape, 10, Limits(max_width=32, **limits))  # type: ignore[arg-type]


def backbone_of(space: LayerwiseSpace, seed: int = 0, widest: int = 16) -> ChoiceBackbone:
    return make_backbone(space, draw_layout(space, widest, np.random.default_rng(seed)))


def even(backbone: ChoiceBackbone) -> list[np.ndarray]:
    return [np.full(n, 1.0 / n, np.float32) for n in backbone.decision_sizes]


@pytest.fixture(scope="module")
def image() -> tuple[LayerwiseSpace, ChoiceBackbone, CostTables]:
    space = space_of(SHAPES["image"])
    backbone = backbone_of(space)
    return space, backbone, make_cost_tables(backbone, TARGET, MacThroughput(2e-5, 3e-4))


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M4F])
def test_costs_of_choices_equal_those_of_the_whole_network(kind: str, core: Core) -> None:
    target, space = Target(core), space_of(SHAPES[kind], max_blocks=4)
    backbone = backbone_of(space, seed=1)
    tables, rng = make_cost_tables(backbone, target), np.random.default_rng(0)
    for _ in range(40):
        choice = drawn_choice(even(backbone), backbone, rng)
        net = space.net(choice.arch(space, backbone))
        graph = shape_graph(net)
        lowered = lower_graph(graph, target)
        costs = choice_costs(choice, tables)
        assert costs.constant_bytes == model_constant_bytes(graph, lowered)
        assert costs.sram_bytes == plan_memory(graph, lowered).bound_bytes
        assert costs.macs == net.macs


def test_choices_reach_residuals_skips_and_every_kind(
    image: tuple[LayerwiseSpace, ChoiceBackbone, CostTables],
) -> None:
    space, backbone, _ = image
    rng = np.random.default_rng(0)
    archs = [drawn_choice(even(backbone), backbone, rng).arch(space, backbone) for _ in range(60)]
    assert {block.kind.value for arch in archs for block in arch.blocks} == {"conv", "separable", "inverted"}
    assert len({len(arch.blocks) for arch in archs}) >= 3
    assert any(isinstance(node.layer, Add) for arch in archs for node in space.net(arch).nodes)


def test_every_choice_is_in_the_space(image: tuple[LayerwiseSpace, ChoiceBackbone, CostTables]) -> None:
    space, backbone, _ = image
    rng = np.random.default_rng(3)
    for _ in range(30):
        arch = drawn_choice(even(backbone), backbone, rng).arch(space, backbone)
        assert space.from_json(space.to_json(arch)) == arch


def test_blocks_are_never_fewer_than_the_space_allows() -> None:
    space = space_of((16, 16, 1), min_blocks=3, max_blocks=4)
    backbone = make_backbone(space, StageLayout(2, (1, 1, 1, 1), 16))
    skipping = [np.eye(n, dtype=np.float32)[-1] for n in backbone.decision_sizes]
    skipping[2 + 2] = np.array([0.4, 0.6], np.float32)  # the first block is the least sure to be skipped
    arch = best_choice(skipping, backbone).arch(space, backbone)
    assert len(arch.blocks) == 3


def test_best_choice_takes_the_likeliest_of_every_decision(
    image: tuple[LayerwiseSpace, ChoiceBackbone, CostTables],
) -> None:
    _, backbone, _ = image
    rng = np.random.default_rng(5)
    picks = [int(rng.integers(n)) for n in backbone.decision_sizes]
    for i in range(4, len(picks), 3):
        picks[i] = 0  # nothing skipped
    vectors = [
        np.eye(n, dtype=np.float32)[k] * 0.5 + 0.5 / n
        for n, k in zip(backbone.decision_sizes, picks, strict=True)
    ]
    choice = best_choice(vectors, backbone)
    flat = [choice.stem_kernel, choice.stem_width]
    for block in choice.blocks:
        flat += [block.candidate, block.width, int(not block.kept)]
    assert flat == picks


def widest_choice(backbone: ChoiceBackbone) -> Choice:
    vectors = [np.eye(n, dtype=np.float32)[-1] for n in backbone.decision_sizes]
    for i in range(4, len(vectors), 3):
        vectors[i] = np.eye(len(vectors[i]), dtype=np.float32)[0]
    return best_choice(vectors, backbone)


@pytest.mark.parametrize("tight", ["constant_bytes", "sram_bytes", "macs", "ms"])
def test_repair_narrows_until_it_fits(
    image: tuple[LayerwiseSpace, ChoiceBackbone, CostTables], tight: str
) -> None:
    _, backbone, tables = image
    widest = widest_choice(backbone)
    costs = vars(choice_costs(widest, tables))
    limits = Costs(**{name: value * (0.7 if name == tight else 1.0) for name, value in costs.items()})

    def fits(choice: Choice) -> bool:
        return all(vars(choice_costs(choice, tables))[name] <= vars(limits)[name] for name in costs)

    assert not fits(widest)
    narrowed = repaired(widest, tables, limits, fits)
    assert narrowed is not None
    assert fits(narrowed)
    for before, after in zip(widest.blocks, narrowed.blocks, strict=True):
        assert (before.candidate, before.kept) == (after.candidate, after.kept)
        assert after.width <= before.width


def test_repair_of_sram_leaves_layers_away_from_the_peak_alone(
    image: tuple[LayerwiseSpace, ChoiceBackbone, CostTables],
) -> None:
    _, backbone, tables = image
    widest = widest_choice(backbone)
    costs = choice_costs(widest, tables)
    limits = Costs(costs.constant_bytes, costs.sram_bytes * 0.8, costs.macs)
    narrowed = repaired(
        widest, tables, limits, lambda c: choice_costs(c, tables).sram_bytes <= limits.sram_bytes
    )
    assert narrowed is not None
    assert narrowed.blocks[-1].width == widest.blocks[-1].width  # 7x7 planes: far from the peak at 14x14


def test_repair_keeps_what_fits_and_gives_up_on_what_cannot(
    image: tuple[LayerwiseSpace, ChoiceBackbone, CostTables],
) -> None:
    _, backbone, tables = image
    widest = widest_choice(backbone)
    limits = choice_costs(widest, tables)
    assert repaired(widest, tables, limits, lambda _: True) is widest
    assert repaired(widest, tables, limits, lambda _: False) is None


def test_supernets_are_no_wider_than_the_budget_could_use() -> None:
    space = space_of((28, 28, 1))
    small = widest_useful(space.limits.widths, Costs(2_000, 10_000, np.inf))
    large = widest_useful(space.limits.widths, Costs(1e6, 10_000, np.inf))
    assert small in space.limits.widths
    assert small < large == space.limits.widths[-1]
