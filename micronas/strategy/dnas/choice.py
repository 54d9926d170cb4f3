"""One network of a backbone as a list of choices: its architecture, its exact costs, and its repair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.space import Arch, Space
from micronas.strategy.dnas.backbone import ChoiceBackbone
from micronas.strategy.dnas.cost_tables import CONSTANT_BYTES, MACS, MS, SRAM_BYTES, Costs, CostTables
from micronas.strategy.dnas.space_backbone import ChosenNetwork, space_backbone

Probabilities = Sequence[npt.NDArray[np.float32]]
"""One vector per decision, in the order of ``ChoiceBackbone.decision_sizes``."""

KEEP, SKIP = 0, 1


@dataclass(frozen=True)
class BlockChoice:
    """Indices into a slot's candidates and widths."""

    candidate: int
    width: int
    kept: bool


@dataclass(frozen=True)
class Choice:
    """Indices of the stem's kernel and width, and of every block."""

    stem_kernel: int
    stem_width: int
    blocks: tuple[BlockChoice, ...]

    def arch(self, space: Space, backbone: ChoiceBackbone) -> Arch:
        """The canonical architecture in ``space``, which the backbone is of; skipped blocks are removed."""
        blocks = zip(backbone.slots, self.blocks, strict=True)
        formed = tuple((slot.block(b.candidate, b.width), b.kept) for slot, b in blocks)
        chosen = ChosenNetwork(self.stem_kernel, backbone.stem_widths[self.stem_width], formed)
        return space_backbone(space).arch(backbone, chosen)


@dataclass(frozen=True)
class _Layer:
    """A layer of a choice: its cost, and the decisions whose widths it reads and writes.

    Widths are numbered: 0 is the stem's, i + 1 that of slot i.
    """

    costs: npt.NDArray[np.float64]
    reads: int | None
    writes: int | None


def best_choice(probabilities: Probabilities, backbone: ChoiceBackbone) -> Choice:
    """The most probable option of every decision; never fewer blocks than the space allows."""
    return _choice([int(np.argmax(p)) for p in probabilities], probabilities, backbone)


def drawn_choice(
    probabilities: Probabilities, backbone: ChoiceBackbone, rng: np.random.Generator, temperature: float = 1.0
) -> Choice:
    """Every decision drawn with its probabilities; a higher temperature makes them more uniform."""
    weights = [np.asarray(p, np.float64) ** (1.0 / temperature) for p in probabilities]
    picks = [int(rng.choice(len(w), p=w / w.sum())) for w in weights]
    return _choice(picks, probabilities, backbone)


def choice_costs(choice: Choice, tables: CostTables) -> Costs:
    """Exact costs, looked up in the tables."""
    costs = np.stack([layer.costs for layer in _layers(choice, tables)])
    return Costs(
        constant_bytes=costs[:, CONSTANT_BYTES].sum() + tables.base_bytes,
        sram_bytes=costs[:, SRAM_BYTES].max(),
        macs=costs[:, MACS].sum(),
        ms=costs[:, MS].sum(),
    )


def repaired(
    choice: Choice, tables: CostTables, limits: Costs, fits: Callable[[Choice], bool]
) -> Choice | None:
    """``choice`` with widths narrowed one step at a time until ``fits``; None if the narrowest does not.

    Each step reduces the cost that exceeds its limit most: SRAM at the layer of the peak, constants and
    operations where the step saves most.
    """
    while not fits(choice):
        narrower = list(_narrower(choice, tables, limits))
        if not narrower:
            return None
        choice = min(narrower, key=lambda c: _overload(choice_costs(c, tables), limits))
    return choice


def _choice(picks: list[int], probabilities: Probabilities, backbone: ChoiceBackbone) -> Choice:
    triples = [picks[i : i + 3] for i in range(2, len(picks), 3)]
    kept = [keep == KEEP for _, _, keep in triples]
    # The blocks with the least certain skip decisions are restored first.
    for i in sorted(range(len(kept)), key=lambda i: -float(probabilities[4 + 3 * i][KEEP])):
        if sum(kept) < backbone.min_blocks:
            kept[i] = True
    blocks = tuple(BlockChoice(c, w, k) for (c, w, _), k in zip(triples, kept, strict=True))
    return Choice(picks[0], picks[1], blocks)


def _layers(choice: Choice, tables: CostTables) -> list[_Layer]:
    layers = [_Layer(tables.stem[choice.stem_kernel, choice.stem_width], None, 0)]
    source, width = 0, choice.stem_width
    for i, (block, table) in enumerate(zip(choice.blocks, tables.slots, strict=True)):
        if block.kept:
            layers.append(_Layer(table[block.candidate, width, block.width], source, i + 1))
            source, width = i + 1, block.width
    return [*layers, _Layer(tables.head[width], source, None)]


def _overload(costs: Costs, limits: Costs) -> tuple[float, float]:
    """Worst share of a limit, then the sum of the shares as a tie-breaker."""
    shares = (
        costs.constant_bytes / limits.constant_bytes,
        costs.sram_bytes / limits.sram_bytes,
        costs.macs / limits.macs,
        costs.ms / limits.ms,
    )
    return max(shares), sum(shares)


def _narrower(choice: Choice, tables: CostTables, limits: Costs) -> Iterator[Choice]:
    """Choices one width step below, of the layers that matter for the worst cost."""
    costs = choice_costs(choice, tables)
    layers = _layers(choice, tables)
    worst = _overload(costs, limits)[0]
    if costs.sram_bytes / limits.sram_bytes == worst:
        layers = [max(layers, key=lambda layer: float(layer.costs[SRAM_BYTES]))]
    widths = {w for layer in layers for w in (layer.reads, layer.writes) if w is not None}
    options = [_with_narrower(choice, w) for w in sorted(widths)]
    found = [option for option in options if option is not None]
    if not found:  # the peak cannot be narrowed further, but other layers can
        everything = range(len(choice.blocks) + 1)
        found = [o for w in everything if (o := _with_narrower(choice, w)) is not None]
    yield from found


def _with_narrower(choice: Choice, width: int) -> Choice | None:
    """``choice`` with decision ``width`` one step narrower; None at the narrowest width and for skipped
    blocks.
    """
    if width == 0:
        narrower = choice.stem_width - 1
        return None if narrower < 0 else Choice(choice.stem_kernel, narrower, choice.blocks)
    block = choice.blocks[width - 1]
    if not block.kept or block.width == 0:
        return None
    changed = BlockChoice(block.candidate, block.width - 1, True)
    blocks = (*choice.blocks[: width - 1], changed, *choice.blocks[width:])
    return Choice(choice.stem_kernel, choice.stem_width, blocks)
