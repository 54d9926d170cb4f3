"""A depthwise convolution and how its image lies in memory, with the members of ``mn_depthwise`` for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from micronas.codegen.lowering import Ref, StructField
from micronas.codegen.lowering.channels import Channels
from micronas.codegen.lowering.depthwise_cost import PlaneGeometry
from micronas.codegen.lowering.operands import OpContext, quant_of
from micronas.codegen.lowering.overlap import Steps, WindowAxis, window_lead
from micronas.model.fixed_point.multiplier import activation_range
from micronas.model.graph import Tensor
from micronas.model.op_attributes import DepthwiseConv2D
from micronas.model.window import window_padding


@dataclass(frozen=True, eq=False)
class DepthwiseOp:
    """The op with its image, attributes and weights as they are, or all with rows and columns exchanged."""

    context: OpContext
    attrs: DepthwiseConv2D
    image: PlaneGeometry
    weights: Tensor
    channels: Channels

    @property
    def is_dilated(self) -> bool:
        """Whether the taps of a window are not neighbours."""
        return (self.attrs.dilation_h, self.attrs.dilation_w) != (1, 1)

    @property
    def clamp(self) -> tuple[int, int]:
        """The least and the largest output."""
        return activation_range(self.attrs.activation, quant_of(self.context, self.context.output()))

    @property
    def shrinks(self) -> bool:
        """Whether the output may take over the input's memory."""
        x, y = self.context.input(0), self.context.output()
        return x.shape[3] == y.shape[3] and y.elements <= x.elements

    @property
    def images(self) -> tuple[PlaneGeometry, ...]:
        """The image as it is and, where that is allowed, with rows and columns exchanged."""
        return (self.image,) if self.context.target.upright else (self.image, self.image.turned())

    def turned_for(self, cost: Callable[[PlaneGeometry], float]) -> DepthwiseOp:
        """The op with rows and columns exchanged if that is allowed and has the lower ``cost``."""
        return self if min(self.images, key=cost) is self.image else self._turned()

    def _turned(self) -> DepthwiseOp:
        attrs, w = self.attrs, self.weights
        data = None if w.data is None else np.ascontiguousarray(w.data.transpose(0, 2, 1, 3))
        return replace(
            self,
            attrs=replace(
                attrs,
                stride_h=attrs.stride_w,
                stride_w=attrs.stride_h,
                dilation_h=attrs.dilation_w,
                dilation_w=attrs.dilation_h,
            ),
            image=self.image.turned(),
            weights=replace(w, shape=(1, *w.shape[2:0:-1], w.shape[3]), data=data),
        )

    def lead_bytes(self) -> int | None:
        """Of the forms that write a pixel while they read its window."""
        x, y = self.context.input(0), self.context.output()
        vertical, horizontal = (WindowAxis(*axis) for axis in self._axes())
        return window_lead(x, y, vertical, horizontal, Steps(1, buffered=False))

    def _axes(self) -> tuple[tuple[int, int, int, int, int], tuple[int, int, int, int, int]]:
        """Inputs, outputs, kernel, stride and dilation: down and to the right."""
        image, attrs = self.image, self.attrs
        return (
            (image.in_h, image.out_h, image.kernel_h, attrs.stride_h, attrs.dilation_h),
            (image.in_w, image.out_w, image.kernel_w, attrs.stride_w, attrs.dilation_w),
        )

    def fields(self, plane: tuple[int, int], exact_finish: StructField) -> tuple[StructField, ...]:
        """The members of ``mn_depthwise``; ``plane`` has the rows and columns of a plane in scratch."""
        context, x, y = self.context, self.context.input(0), self.context.output()
        low, high = self.clamp
        steps = ("x_row", "x_column", "y_row", "y_column")
        return (
            StructField("weights", "const int8_t *", Ref("weights")),
            StructField("channels", "const mn_channel *", Ref("channels")),
            *(StructField(name, "int16_t", context.int16(n, name)) for name, n in self._sizes().items()),
            StructField("in_zero_point", "int16_t", quant_of(context, x).zero_point[0]),
            StructField("out_zero_point", "int16_t", quant_of(context, y).zero_point[0]),
            StructField("out_min", "int16_t", low),
            StructField("out_max", "int16_t", high),
            StructField("plane_h", "int16_t", context.int16(plane[0], "plane_h")),
            StructField("plane_w", "int16_t", context.int16(plane[1], "plane_w")),
            exact_finish,
            *(StructField(name, "int32_t", getattr(self.image, name)) for name in steps),
        )

    def _sizes(self) -> dict[str, int]:
        image, attrs = self.image, self.attrs
        vertical, horizontal = self._axes()
        return {
            "in_h": image.in_h,
            "in_w": image.in_w,
            "in_c": self.context.input(0).shape[3],
            "out_h": image.out_h,
            "out_w": image.out_w,
            "out_c": self.context.output().shape[3],
            "kernel_h": image.kernel_h,
            "kernel_w": image.kernel_w,
            "stride_h": attrs.stride_h,
            "stride_w": attrs.stride_w,
            "dilation_h": attrs.dilation_h,
            "dilation_w": attrs.dilation_w,
            "pad_top": window_padding(*vertical)[0],
            "pad_left": window_padding(*horizontal)[0],
            "multiplier": attrs.depth_multiplier,
        }


def image_of(context: OpContext) -> PlaneGeometry:
    """The image of the op as its tensors have it."""
    x, w, y = context.input(0), context.input(1), context.output()
    return PlaneGeometry(
        *(x.shape[1], x.shape[2], y.shape[1], y.shape[2], w.shape[1], w.shape[2]),
        *(x.shape[2] * x.shape[3], x.shape[3], y.shape[2] * y.shape[3], y.shape[3]),
    )
