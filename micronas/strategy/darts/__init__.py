"""Differentiable search of cells by bilevel optimisation.

After Liu, Simonyan and Yang, "DARTS: Differentiable Architecture Search" (ICLR 2019), first and second
order, with the published remedies for its collapse into skip connections: warm-up of the weights; partial
channels with edge normalisation (Xu et al., "PC-DARTS", ICLR 2020); early stopping on the dominant eigenvalue
of the validation loss' Hessian (Zela et al., ICLR 2020) and on the number of skips (Liang et al., "DARTS+",
2019).

``edges`` names the edges of a cell, ``discretise`` makes cells from their weights, and ``collapse`` decides
when to stop; none of them needs TensorFlow. ``mixture``, ``supernet``, ``bilevel``, ``eigenvalue`` and
``loop`` do.
"""
