"""The four networks of MLPerf Tiny (Banbury et al. 2021), layer by layer as in the published files."""

from __future__ import annotations

from micronas.model.net import Add, Conv, Dense, DepthwiseConv, Net, NetBuilder
from micronas.model.op_attributes import Activation
from micronas.space.reference.ds_cnn import ds_cnn, pooled_classifier


def keyword_ds_cnn() -> Net:
    """Keyword spotting: DS-CNN S."""
    return ds_cnn("S")


def person_mobilenet_v1() -> Net:
    """Visual wake words: MobileNetV1 at width 0.25, 96 x 96 x 3, two classes."""
    builder = NetBuilder((96, 96, 3)).chain(Conv(8, 3, 3, 2, 2))
    blocks = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1))
    for width, stride in blocks:
        builder.chain(DepthwiseConv(3, 3, stride, stride), Conv(width, 1, 1))
    return pooled_classifier(builder, 2)


def resnet8() -> Net:
    """Image classification: ResNet-8 for CIFAR-10, 32 x 32 x 3."""
    builder = NetBuilder((32, 32, 3)).chain(Conv(16, 3, 3))
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        _residual_block(builder, width, stride)
    return pooled_classifier(builder, 10)


def _residual_block(builder: NetBuilder, width: int, stride: int) -> None:
    source = builder.last
    builder.add(Conv(width, 3, 3, stride, stride))
    main = builder.add(Conv(width, 3, 3, activation=Activation.NONE))
    shortcut = source
    if stride > 1:
        # Not normalised in the published network: its convolution has its own bias.
        projection = Conv(width, 1, 1, stride, stride, activation=Activation.NONE, batch_norm=False)
        shortcut = builder.add(projection, source)
    builder.add(Add(Activation.RELU), shortcut, main)


def anomaly_autoencoder() -> Net:
    """Anomaly detection: a dense autoencoder over 640 spectrogram values with a bottleneck of 8."""
    builder = NetBuilder((640,))
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        builder.add(Dense(units, Activation.RELU, batch_norm=True))
    return builder.chain(Dense(640)).build()
