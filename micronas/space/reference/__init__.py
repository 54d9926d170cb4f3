"""Published networks as ``Net``: references for budgets, engines and searches.

    >>> net = reference_net("ds_cnn_s")
    >>> net.input_shape, net.output_shape
    ((49, 10, 1), (12,))

Layers follow the papers and the published files; weights are not part of a ``Net``. ``NOT_BUILT`` lists known
names that cannot be built, with the reason.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from micronas.errors import SpaceError
from micronas.model.net import Net
from micronas.space.reference.ds_cnn import ds_cnn, micronet_ad, micronet_kws
from micronas.space.reference.efficientnet import efficientnet_lite
from micronas.space.reference.mlperf_tiny import (
    anomaly_autoencoder,
    keyword_ds_cnn,
    person_mobilenet_v1,
    resnet8,
)
from micronas.space.reference.mobilenet import mobilenet_v2, mobilenet_v3_minimal

__all__ = ["NOT_BUILT", "REFERENCE_NETS", "reference_net"]

REFERENCE_NETS: Mapping[str, Callable[[], Net]] = {
    "mlperf_tiny_kws": keyword_ds_cnn,
    "mlperf_tiny_vww": person_mobilenet_v1,
    "mlperf_tiny_ic": resnet8,
    "mlperf_tiny_ad": anomaly_autoencoder,
    "ds_cnn_s": partial(ds_cnn, "S"),
    "ds_cnn_m": partial(ds_cnn, "M"),
    "ds_cnn_l": partial(ds_cnn, "L"),
    "micronet_kws_s": partial(micronet_kws, "S"),
    "micronet_kws_m": partial(micronet_kws, "M"),
    "micronet_kws_l": partial(micronet_kws, "L"),
    "micronet_ad_s": partial(micronet_ad, "S"),
    "micronet_ad_m": partial(micronet_ad, "M"),
    "micronet_ad_l": partial(micronet_ad, "L"),
    "mobilenet_v2_035_96": partial(mobilenet_v2, 0.35, (96, 96, 3), 10),
    "mobilenet_v2_010_96": partial(mobilenet_v2, 0.10, (96, 96, 3), 10),
    "mobilenet_v3_small_minimal_025_96": partial(mobilenet_v3_minimal, 0.25, (96, 96, 3), 10),
    "efficientnet_lite_025_96": partial(efficientnet_lite, 0.25, 0.5, (96, 96, 3), 10),
}
"""Name -> builder."""


@dataclass(frozen=True)
class NotBuilt:
    """Why a published network is not in ``REFERENCE_NETS``, and an alternative."""

    why: str
    instead: str


_VWW = NotBuilt(
    "the layer widths of the MicroNets for visual wake words are not in the paper (Banbury et al. 2021)",
    "mlperf_tiny_vww is a network for that task; to search one: space.name micronets, backbone mobilenet_v2",
)

NOT_BUILT: Mapping[str, NotBuilt] = {
    "micronet_vww": _VWW,
}
"""Name or prefix of names -> the reason."""


def reference_net(name: str) -> Net:
    """The network called ``name``; raises ``SpaceError`` with the reason, or with the nearest name."""
    if (builder := REFERENCE_NETS.get(name)) is not None:
        return builder()
    for prefix, missing in NOT_BUILT.items():
        if name.startswith(prefix):
            raise SpaceError(f"network {name} cannot be built: {missing.why}", remedy=missing.instead)
    near = difflib.get_close_matches(name, (*REFERENCE_NETS, *NOT_BUILT), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known ones: {', '.join(REFERENCE_NETS)}"
    raise SpaceError(f"unknown network {name!r}", remedy=hint)
