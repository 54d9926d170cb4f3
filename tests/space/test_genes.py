"""Declared genes: what one declaration is enough for."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from micronas.config import SpaceConfig
from micronas.errors import SpaceError
from micronas.space import make_space
from micronas.space.gene import Gene, near, others
from micronas.space.gene_group import RecordGenes, SingleGene
from micronas.space.genome import Chain, Genome, One, Row
from micronas.space.genome_grammar import GenomeGrammar
from micronas.space.grammar import encode
from micronas.space.optional_gene import declared_in, optional, optional_genes
from micronas.space.space_config import every_option, genes_of


@dataclass(frozen=True)
class Cake:
    """Icing has a flavour only where there is some."""

    iced: bool
    flavour: int = 0
    tier: int = 1


FLAVOUR = Gene[Cake]("flavour", (1, 2, 3), lambda cake: cake.iced, off=0)
CAKES = RecordGenes(Cake, Gene("iced", (False, True), steps=others), FLAVOUR)


@dataclass(frozen=True)
class Party:
    guests: int
    cakes: tuple[Cake, ...]


GUESTS = SingleGene(Gene("guests", tuple(range(4, 65, 4)), steps=near))
PARTY = Genome(Party, (One("guests", GUESTS.for_parts()), Chain("cakes", CAKES.for_parts(), 1, 2)))
ALL_CAKES = [Cake(False, 0), Cake(True, 1), Cake(True, 2), Cake(True, 3)]


def settled(party: Party) -> Party:
    return Party(party.guests, tuple(CAKES.settled(cake) for cake in party.cakes))


def test_steps_are_the_other_options_and_what_depends_on_them_follows() -> None:
    icing = CAKES.gene("iced")
    assert list(CAKES.steps(Cake(True, 3), icing)) == [Cake(False, 0)]
    assert list(CAKES.steps(Cake(False, 0), icing)) == [Cake(True, 1)]
    assert list(CAKES.steps(Cake(True, 3), FLAVOUR)) == [Cake(True, 1), Cake(True, 2), Cake(True, 3)]
    assert list(CAKES.steps(Cake(False, 0), FLAVOUR)) == []


def test_draws_reach_every_item_and_no_other() -> None:
    rng = np.random.default_rng(0)
    assert {CAKES.drawn(rng, {}) for _ in range(200)} == set(ALL_CAKES)
    assert {CAKES.drawn(rng, {"iced": False}) for _ in range(20)} == {Cake(False, 0)}


def test_json_is_names_and_values() -> None:
    party = Party(8, (Cake(True, 2), Cake(False, 0)))
    data = {"guests": 8, "cakes": [{"iced": True, "flavour": 2}, {"iced": False, "flavour": 0}]}
    assert PARTY.to_json(party) == data
    assert PARTY.from_json(json.loads(json.dumps(data))) == party


@pytest.mark.parametrize(
    ("cakes", "message"),
    [
        ([{"iced": True, "flavour": 0}], r"cakes[0].flavour: 0 is not one of 1, 2, 3"),
        ([{"iced": False, "flavour": 2}], r"cakes[0].flavour: 2 is not one of 0"),
        ([{"iced": 1, "flavour": 2}], r"cakes[0].iced: 1 is not one of False, True"),
        ([{"iced": True}], r"cakes[0]: missing or unknown genes: flavour"),
        ([{"iced": True, "flavour": 1, "tier": 1}], r"cakes[0]: missing or unknown genes: tier"),
        ([], r"cakes: 0, the space has 1 to 2"),
        (None, r"cakes: None is not a list"),
    ],
)
def test_wrong_values_are_refused_by_path(cakes: Any, message: str) -> None:
    with pytest.raises(SpaceError) as caught:
        PARTY.from_json({"guests": 8, "cakes": cakes})
    assert str(caught.value).startswith(message)


def test_many_options_are_named_as_a_range() -> None:
    with pytest.raises(SpaceError, match="guests: 6 is not one of 4 to 64 in steps of 4"):
        PARTY.from_json({"guests": 6, "cakes": [{"iced": False, "flavour": 0}]})


def test_tokens_write_every_architecture_in_exactly_one_way() -> None:
    grammar = GenomeGrammar(PARTY, settled)
    chains = [*itertools.product(ALL_CAKES), *itertools.product(ALL_CAKES, ALL_CAKES)]
    sequences = set()
    for party in (Party(8, cakes) for cakes in chains):
        tokens = encode(grammar, party)
        sequences.add(tuple((token.slot, token.index) for token in tokens))
        left = iter(tokens)
        assert grammar.emit(lambda slot, valid, left=left: next(left).index) == party  # type: ignore[misc]
    assert len(sequences) == len(chains)
    assert grammar.slots == (16, 3, 3)  # guests; not iced, iced or the end; flavour


def test_a_row_is_kept_as_often_as_it_must_be() -> None:
    @dataclass(frozen=True)
    class Place:
        kept: bool
        width: int = 4

    @dataclass(frozen=True)
    class Places:
        places: tuple[Place, ...]

    genes = RecordGenes(Place, Gene("kept", (True, False)), Gene("width", (4, 8), lambda place: place.kept))
    genome = Genome(Places, (Row("places", genes.for_parts(), ({"kept": True}, {}, {}), 2),))
    grammar, rng = GenomeGrammar(genome, lambda places: places), np.random.default_rng(0)
    written = {grammar.emit(lambda slot, valid: int(rng.choice(np.flatnonzero(valid)))) for _ in range(300)}
    expected = {
        Places((Place(True, a), *rest))
        for a in (4, 8)
        for rest in itertools.product([Place(False), Place(True, 4), Place(True, 8)], repeat=2)
        if any(place.kept for place in rest)
    }
    assert written == expected
    for places, message in (
        ((Place(False), Place(True), Place(True)), r"places\[0\].kept: False is not one of True"),
        ((Place(True), Place(False), Place(False)), "places: fewer than 2 are kept"),
    ):
        with pytest.raises(SpaceError, match=message):
            genome.check(Places(places))


def test_a_gene_that_is_switched_off_leaves_no_trace() -> None:
    def cakes(tiers: tuple[int, ...]) -> RecordGenes[Cake]:
        icing = Gene[Cake]("iced", (False, True), steps=others)
        return RecordGenes(Cake, icing, FLAVOUR, Gene("tier", tiers, opt_in=True))

    off, on = cakes((1,)), cakes((1, 2))
    assert [gene.name for gene in off.genes] == ["iced", "flavour"]
    assert off.to_json(Cake(True, 2)) == {"iced": True, "flavour": 2}
    assert on.to_json(Cake(True, 2)) == {"iced": True, "flavour": 2, "tier": 1}
    draws = [CAKES.drawn(np.random.default_rng(i), {}) for i in range(50)]
    assert [off.drawn(np.random.default_rng(i), {}) for i in range(50)] == draws


@dataclass(frozen=True)
class Parcel:
    """A record of which one field declares an optional gene."""

    weight: int
    ribbon: str = optional("none", ("red", "blue"), "a ribbon as a choice", key="wrapping", steps=others)
    fragile: bool = optional(False, (True,), "care", applies=lambda parcel: parcel.weight > 1)


def test_a_field_declares_an_optional_gene_with_its_key_options_and_meaning() -> None:
    found = {gene.key: gene for gene in declared_in(Cake, Parcel)}
    assert {key: (gene.name, gene.every_option) for key, gene in found.items()} == {
        "wrapping": ("ribbon", ("none", "red", "blue")),
        "fragile": ("fragile", (False, True)),
    }
    assert Parcel(3) == Parcel(3, "none", False)
    weight = Gene[Parcel]("weight", (1, 2))
    off = RecordGenes(Parcel, weight, *optional_genes(Parcel, {}))
    on = RecordGenes(
        Parcel, weight, *optional_genes(Parcel, {"wrapping": ("none", "red"), "fragile": (False, True)})
    )
    assert [gene.name for gene in off.genes] == ["weight"]
    assert on.to_json(Parcel(1, "red")) == {"weight": 1, "ribbon": "red", "fragile": False}
    assert list(on.steps(Parcel(2), on.gene("ribbon"))) == [Parcel(2, "red")]
    assert on.settled(Parcel(1, "red", True)) == Parcel(1, "red", False), "a light parcel is not fragile"
    with pytest.raises(SpaceError, match="ribbon: 'blue' is not one of none, red"):
        on.from_json({"weight": 1, "ribbon": "blue", "fragile": False}, "parcel")


@pytest.mark.parametrize("space", ["layerwise", "cell", "micronets"])
def test_every_declared_gene_is_a_key_of_the_configuration_and_of_the_spaces_genome(space: str) -> None:
    keys = every_option(space)
    config = SpaceConfig.model_validate({"name": space, **dict.fromkeys(keys, True)})
    assert config.gene_options() == keys
    arch = make_space(config, (28, 28, 1), 10).sample(np.random.default_rng(0))
    written = json.dumps(make_space(config, (28, 28, 1), 10).to_json(arch))
    assert [gene.name for gene in genes_of(space) if f'"{gene.name}"' not in written] == []


def _digest(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:10]


@pytest.mark.parametrize(
    ("name", "samples", "mutants"),
    [
        ("layerwise", "0285645e73", "ac89164f86"),
        ("micronets", "1266319b3b", "bca93f8244"),
        ("mlp", "3862a24fe8", "746d0aaa80"),
    ],
)
def test_seeds_give_the_architectures_that_they_gave_before_genes_were_declared(
    name: str, samples: str, mutants: str
) -> None:
    """Digests were taken when draws and mutations were still written out space by space."""
    space = make_space(SpaceConfig(name=name), (28, 28, 1), 10)
    archs = [space.sample(np.random.default_rng([1, i])) for i in range(60)]
    assert _digest([space.to_json(arch) for arch in archs]) == samples
    found = [
        space.mutate(arch, np.random.default_rng([2, i, j])) for i, arch in enumerate(archs) for j in range(6)
    ]
    assert _digest([space.to_json(arch) for arch in found]) == mutants
