"""A weight-sharing supernet: trained once, it scores any network of its region in a fraction of a second.

region = Region(space, space.baselines()[0])     # also a search space for any strategy
supernet = fit_supernet(region, dataset, SUPERNET, seed=0)
supernet.accuracy(region.sample(rng))
"""

SUPERNET_SPACES = ("layerwise", "cell", "micronets", "mlp", "autoencoder")
"""Spaces whose networks can share weights."""
