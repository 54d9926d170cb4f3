"""Published networks as ``Net``: yardsticks for budgets, engines and searches.

    >>> net = REFERENCE_NETS["ds_cnn_s"]()
    >>> net.input_shape, net.output_shape
    ((49, 10, 1), (12,))

Layers follow the papers and the published files; weights are not part of a ``Net``. The anomaly
detector AD-S and the visual-wake-words networks of MicroNets are left out: their widths are in neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from micronas.net import Net
from micronas.space.reference.ds_cnn import ds_cnn, micronet_ad, micronet_kws
from micronas.space.reference.efficientnet import efficientnet_lite
from micronas.space.reference.mlperf_tiny import (
    anomaly_autoencoder,
    keyword_ds_cnn,
    person_mobilenet_v1,
    resnet8,
)
from micronas.space.reference.mobilenet import mobilenet_v2, mobilenet_v3_minimal

__all__ = ["REFERENCE_NETS"]

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
    "micronet_ad_m": partial(micronet_ad, "M"),
    "micronet_ad_l": partial(micronet_ad, "L"),
    "mobilenet_v2_035_96": partial(mobilenet_v2, 0.35, (96, 96, 3), 10),
    "mobilenet_v2_010_96": partial(mobilenet_v2, 0.10, (96, 96, 3), 10),
    "mobilenet_v3_small_minimal_025_96": partial(mobilenet_v3_minimal, 0.25, (96, 96, 3), 10),
    "efficientnet_lite_025_96": partial(efficientnet_lite, 0.25, 0.5, (96, 96, 3), 10),
}
"""Name -> builder."""
