"""The output projection and its loss, with every logit in memory. Shapes: hidden [M, H], weight [V, H], target [M]."""

from torch import Tensor

from kernels.cross_entropy.reference import cross_entropy
from kernels.cross_entropy.terms import PLAIN, LossTerms


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, target: Tensor, ignore_index: int = -100, terms: LossTerms = PLAIN
) -> Tensor:
    """Mean cross-entropy over the rows whose target is not `ignore_index`; 0 where there are none."""
    return cross_entropy(hidden @ weight.T, target, ignore_index, terms)
