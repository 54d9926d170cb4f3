"""MicroNets-style differentiable search: one supernet, Gumbel-softmax decisions, relaxed byte budgets.

After Banbury et al., "MicroNets: Neural Network Architectures for Deploying TinyML Applications on Commodity
Microcontrollers" (MLSys 2021), with the channel masks of FBNetV2 (Wan et al. 2020) and the kernel masks of
Single-Path NAS (Stamoulis et al. 2019).

``backbone`` defines the decisions, ``cost_tables`` the cost of each choice (exact, from the lowering and the
planner), and ``choice`` turns choices into architectures and repairs those over budget; none of them needs
TensorFlow. ``gumbel``, ``fake_quant``, ``relaxed_costs``, ``supernet`` and ``search`` do.
"""
