"""Latencies predicted before a network is trained, and the gate and the check that use them."""
