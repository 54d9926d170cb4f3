"""A data source of your own: the shipped 8x8 digits with sensor noise, one in three samples left out.

mn.search("small.yaml", board="nucleo_f446re", source=noisy_digits)
data: {name: "noisy_digits:noisy_digits"}          # the same in YAML, run from this folder
"""

from dataclasses import replace

import numpy as np

import micronas as mn
from micronas.data.sources.digits import load_digits8


def noisy_digits(config: mn.DataConfig) -> mn.Samples:
    """Return all samples; micronas checks them, splits them and seals the test split."""
    clean = load_digits8(config.model_copy(update={"name": "digits"}))
    keep = np.arange(len(clean.y)) % 3 != 0
    x, y = clean.x[keep], clean.y[keep]
    noise = np.random.default_rng(0).normal(0.0, 0.05, x.shape)
    low, high = clean.input_range
    return replace(clean, name="noisy_digits", x=np.clip(x + noise, low, high).astype(np.float32), y=y)
