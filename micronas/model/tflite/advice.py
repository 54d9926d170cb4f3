"""For each op that is not supported: the layer that makes it, and what to use in its place."""

from __future__ import annotations

_MADE_BY: tuple[tuple[str, str, str], ...] = (
    (
        "NEG SQUARED_DIFFERENCE RSQRT",
        "LayerNormalization",
        "BatchNormalization, which the converter folds into the layer before it",
    ),
    (
        "L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION",
        "UnitNormalization or local response normalization",
        "BatchNormalization, which the converter folds into the layer before it",
    ),
    ("ELU GELU EXP", "the activation elu, gelu, selu, softplus or exponential", "relu, relu6 or hard_swish"),
    ("RELU_N1_TO_1 RELU_0_TO_1", "a clipped activation", "relu or relu6"),
    ("LOG_SOFTMAX", "the activation log_softmax", "softmax, or no activation after the last layer"),
    (
        "POW SQRT SQUARE ABS SIGN LOG SIN COS ATAN2",
        "a Lambda or Rescaling layer with this function",
        "the same computation on the host, before or after the network",
    ),
    (
        "FLOOR CEIL ROUND FLOOR_DIV FLOOR_MOD DIV",
        "a Lambda layer, or a division",
        "a multiplication by the inverse",
    ),
    (
        "TRANSPOSE_CONV CONV_3D_TRANSPOSE",
        "Conv2DTranspose",
        "UpSampling2D(interpolation='nearest') and a Conv2D",
    ),
    ("RESIZE_BILINEAR", "UpSampling2D or Resizing with bilinear interpolation", "interpolation='nearest'"),
    ("CONV_3D", "Conv3D", "Conv2D on each frame, with frames as channels"),
    ("REDUCE_MAX", "GlobalMaxPooling", "MaxPooling over the whole plane, or GlobalAveragePooling"),
    (
        "REDUCE_MIN REDUCE_PROD REDUCE_ANY REDUCE_ALL ARG_MIN",
        "a Lambda layer with a reduction",
        "mean, sum or argmax",
    ),
    (
        "L2_POOL_2D REDUCE_WINDOW DILATE",
        "pooling other than maximum and average",
        "MaxPooling2D or AveragePooling2D",
    ),
    (
        "BATCH_MATMUL",
        "Dot, Attention or MultiHeadAttention",
        "Dense or Conv2D layers, whose weights are constants",
    ),
    (
        "UNIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_LSTM LSTM",
        "LSTM",
        "Conv1D or DepthwiseConv1D over the window",
    ),
    (
        "UNIDIRECTIONAL_SEQUENCE_RNN BIDIRECTIONAL_SEQUENCE_RNN RNN",
        "SimpleRNN",
        "Conv1D or DepthwiseConv1D over the window",
    ),
    ("SVDF", "an SVDF layer of a speech network", "DepthwiseConv1D and Conv1D"),
    (
        "WHILE IF CALL DELEGATE",
        "a recurrent layer or Python control flow",
        "a layer that is unrolled (unroll=True), or Conv1D",
    ),
    (
        "VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE CALL_ONCE",
        "a layer that keeps state between calls",
        "a network whose state is an input and an output",
    ),
    (
        "UNPACK SPLIT_V",
        "an unrolled recurrent layer, or tf.unstack and tf.split",
        "slices x[:, a:b], or equal splits",
    ),
    (
        "TILE BROADCAST_TO BROADCAST_ARGS FILL ZEROS_LIKE RANGE ONE_HOT",
        "RepeatVector, tf.tile or a mask",
        "an op that broadcasts (Add, Multiply)",
    ),
    (
        "PACK",
        "tf.stack, or the outputs of a recurrent layer with return_sequences",
        "Concatenate and Reshape",
    ),
    ("ADD_N", "a sum of several tensors", "Add of two tensors at a time"),
    (
        "SPLIT",
        "a recurrent layer that multiplies its gates at once, or tf.split",
        "implementation=1 in LSTM and GRU layers, or slices x[:, a:b]",
    ),
    (
        "SLICE REVERSE_V2 REVERSE_SEQUENCE DYNAMIC_UPDATE_SLICE",
        "a slice whose place is computed, or go_backwards",
        "a slice with fixed begin and end",
    ),
    (
        "SHAPE RANK",
        "a dimension that is not known when the model is converted",
        "Input(batch_shape=(1, ...)) with every dimension fixed",
    ),
    (
        "SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND",
        "a dilated convolution of an older converter",
        "a conversion by TensorFlow 2.10 or later, which keeps it one op",
    ),
    (
        "SPACE_TO_DEPTH DEPTH_TO_SPACE",
        "tf.nn.space_to_depth or depth_to_space",
        "a strided Conv2D, or UpSampling2D and a Conv2D",
    ),
    ("MIRROR_PAD", "padding by reflection", "ZeroPadding2D"),
    (
        "EMBEDDING_LOOKUP EMBEDDING_LOOKUP_SPARSE CONCAT_EMBEDDINGS GATHER GATHER_ND HASHTABLE_LOOKUP "
        "LSH_PROJECTION HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE SKIP_GRAM BUCKETIZE",
        "Embedding, tf.gather or a lookup table",
        "features that are looked up before the network",
    ),
    (
        "CAST BITCAST FAKE_QUANT DENSIFY",
        "a change of type inside the network, or quantization-aware training before conversion",
        "one type from input to output; convert the trained model, not the training graph",
    ),
    (
        "LESS LESS_EQUAL GREATER GREATER_EQUAL EQUAL NOT_EQUAL SELECT SELECT_V2 WHERE LOGICAL_OR LOGICAL_AND "
        "LOGICAL_NOT BITWISE_XOR RIGHT_SHIFT",
        "Masking, ThresholdedReLU or a comparison",
        "relu, maximum and minimum",
    ),
    (
        "TOPK_V2 NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 UNIQUE",
        "the detection or ranking at the end of a network",
        "the same on the outputs, in the application",
    ),
    (
        "RFFT2D IMAG REAL COMPLEX_ABS",
        "a spectrum computed in the network",
        "the front end of the application",
    ),
    (
        "RANDOM_STANDARD_NORMAL RANDOM_UNIFORM MULTINOMIAL",
        "noise or sampling",
        "the model with training=False",
    ),
)
_ELSEWHERE = ("a custom or Lambda layer", "layers whose ops are supported")

_ADVICE = {kind: (layer, instead) for kinds, layer, instead in _MADE_BY for kind in kinds.split()}


def advice(kind: str) -> str:
    """What to change in the model that has the op ``kind``, which is not supported (or not in float)."""
    layer, instead = _ADVICE.get(kind, _ELSEWHERE)
    return f"{kind} comes from {layer}; use {instead}"


def has_advice(kind: str) -> bool:
    """Whether there is a layer to name for ``kind``. Some of these ops are supported, in int8."""
    return kind in _ADVICE
