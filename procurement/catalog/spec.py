"""Published figures -> total processing performance and performance density, in exact arithmetic.

Source: technical notes to ECCN 3A090, supplement no. 1 to part 774 (88 FR 73458, effective 2023-11-17).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


class FigureRefused(ValueError):
    """A published figure that the technical notes do not let us count."""

    code = "figure_refused"


@dataclass(frozen=True, slots=True)
class Throughput:
    """Dense operations a second that the maker claims at one precision.

    Args:
        bits: length of the largest input to the multiply.
        tops: operations a second in units of 10^12 (one multiply-accumulate counts two).
        is_sparse: the maker's figure supposes sparsity; such a figure is refused.
    """

    bits: int
    tops: Decimal
    is_sparse: bool = False
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class Die:
    """One kind of logic die in the package; memory dies are left out before this."""

    area_mm2: Decimal
    is_non_planar: bool
    count: int = 1
    is_estimate: bool = False


def total_processing_performance(figures: Iterable[Throughput]) -> Decimal:
    """The highest product of operations and bit length over the precisions the maker claims.

    Returns: TPP (10^12 operations a second times bits).
    Raises: FigureRefused for a sparse, negative or missing figure.
    Source: 3A090 technical note 2: TPP is 2 x MacTOPS x bit length; 2 x MacTOPS is the datasheet's TOPS.
    """
    products = [_product(figure) for figure in figures]
    if not products:
        raise FigureRefused("no throughput figure is given: TPP needs the dense figure of at least one precision")
    return max(products)


def _product(figure: Throughput) -> Decimal:
    if figure.is_sparse:
        raise FigureRefused(
            f"the {figure.bits}-bit figure of {figure.tops} TOPS supposes sparsity: TPP counts dense operations "
            "(3A090, technical note 2); give the dense figure"
        )
    if figure.bits <= 0 or figure.tops < 0:
        raise FigureRefused(f"{figure.tops} TOPS at {figure.bits} bits is not a throughput")
    return figure.tops * figure.bits


def applicable_die_area_mm2(dies: Sequence[Die]) -> Decimal:
    """The area that counts for performance density: every logic die made on a non-planar node.

    Returns: mm2; zero when all dies are planar (performance density is then undefined).
    Raises: FigureRefused when a die has no positive area or count.
    Source: 3A090 technical note 3.
    """
    for die in dies:
        if die.area_mm2 <= 0 or die.count <= 0:
            raise FigureRefused(f"a die of {die.area_mm2} mm2 (count {die.count}) is not a die area")
    return sum((die.area_mm2 * die.count for die in dies if die.is_non_planar), Decimal(0))


def performance_density(tpp: Decimal, applicable_area_mm2: Decimal | None) -> Fraction | None:
    """TPP over the applicable die area, exact.

    Returns: TPP a mm2; None where the area is unknown, or zero (planar dies only: not defined, so not met).
    Source: 3A090 technical note 3.
    """
    if applicable_area_mm2 is None or applicable_area_mm2 == 0:
        return None
    return Fraction(tpp) / Fraction(applicable_area_mm2)


def rounded(value: Fraction | None, places: int = 2) -> Decimal | None:
    """A density for display; rules compare the exact fraction, never this."""
    if value is None:
        return None
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-places))
