"""How well the run's proxies (shared weights, zero-cost proxies) ranked the trained networks."""

from __future__ import annotations

from collections.abc import Sequence

from micronas.config import SearchConfig
from micronas.errors import plural
from micronas.estimate.agreement import Agreement
from micronas.search.prefilter import ProxyScorer, proxy_agreements
from micronas.search.subnets.search import FOUND, FoundSubnets
from micronas.search.subnets.strategy import supernet_agreement
from micronas.space import Space
from micronas.store import Record, Store


def rank_agreements(
    config: SearchConfig, space: Space, scorer: ProxyScorer, store: Store, records: Sequence[Record]
) -> list[Agreement]:
    """One agreement per proxy that the run used.

    ``scorer`` recomputes the proxies, if the run was filtered by them.
    """
    found: list[Agreement] = []
    if config.estimator.name == "supernet" and (subnets := FoundSubnets.load(store.folder / FOUND)):
        found.append(supernet_agreement(subnets, records, config.estimator.supernet.sample))
    if config.estimator.prefilter is not None:
        found += proxy_agreements(space, scorer, records)
    return found


def agreement_text(agreement: Agreement) -> str:
    """One line of text."""
    if agreement.warning:
        return f"warning: {agreement.warning}"
    networks = plural(agreement.networks, "network")
    return f"{agreement.proxy}: Kendall's tau {agreement.tau:.2f} over {networks}"


def stage_text(found: FoundSubnets) -> str:
    """The cost of the search with shared weights, as text."""
    each_s = found.scoring_cpu_s / max(1, len(found.subnets))
    samples = plural(len(found.profiling_samples), "untrained network")
    ran = f"{samples} run to predict latencies; " if found.profiling_samples else ""
    return (
        f"supernet: {ran}{plural(found.epochs, 'epoch')} in {found.training_cpu_s:.0f} CPU s; "
        f"{plural(len(found.subnets), 'network')} "
        f"scored in {each_s:.2f} CPU s each with shared weights (float)"
    )
