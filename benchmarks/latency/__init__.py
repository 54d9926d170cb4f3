"""Modelled latency: the fit of the per-op model, its checks, and the table beside published figures."""
