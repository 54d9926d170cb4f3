"""A reward of your own: the quality, minus one point per millisecond over a deadline of 5 ms.

mn.search("small.yaml", board="nucleo_f446re", reward=deadline)
reward: {function: "deadline:deadline"}            # the same in YAML, run from this folder
"""

DEADLINE_MS = 5.0


def deadline(quality: float, latency_ms: float | None) -> float:
    """Any finite number, larger is better; ``latency_ms`` is None where no device runs the networks."""
    late_ms = max(0.0, latency_ms - DEADLINE_MS) if latency_ms is not None else 0.0
    return quality - 0.01 * late_ms
