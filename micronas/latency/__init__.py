"""Latency predicted from the run's own profiles: the counts of ops, emulated or measured, by their work.

For every kernel, a few features describe how much work of each kind an op does (features.py): set-up, output
pixels, multiplications as packed, bytes gathered. The counts (instructions or cycles) of the ops that the
run has profiled give each feature its price, by non-negative least squares (nnls.py): more work never makes
an op cheaper. The count of a network is the sum over its ops, plus a price per op for the calls between them.

The error bar is empirical: every profiled network is predicted from all the others, and the largest relative
error of those predictions is the bar. If networks came in random order, the next one would stay within the
largest of n errors with probability n / (n + 1) (conformal prediction, Vovk et al. 2005); a search moves to
other networks, so the loop continues to measure every k-th one.
"""

from micronas.latency.features import OpFeatures, classes_before_training, features_of
from micronas.latency.model import LatencyModel, Prediction, Profile, profile_from_json, profile_to_json

__all__ = [
    "LatencyModel",
    "OpFeatures",
    "Prediction",
    "Profile",
    "classes_before_training",
    "features_of",
    "profile_from_json",
    "profile_to_json",
]
