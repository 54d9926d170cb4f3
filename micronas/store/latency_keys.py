"""Keys of a trial's details under which its latencies are stored."""

PROFILE, PREDICTION = "latency_profile", "latency_prediction"
"""Its profile, if it was measured, and its prediction, if there was one."""

MODELLED_MS = "modelled_ms"
"""Key of a profile: the network's latency by the timing model of the board's core."""
