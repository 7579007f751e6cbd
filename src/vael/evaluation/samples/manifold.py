"""Precision, recall, density and coverage: whether samples lie where data lie, and everywhere there."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError, VaelWarning
from vael.evaluation.samples.distances import blocks, squared_distance_bounds
from vael.evaluation.samples.rows import as_rows, check_width
from vael.evaluation.tables import text_table

__all__ = ["Ball", "ManifoldScores", "ball_radii", "expected_coverage", "precision_recall"]

_BLOCK = 512


@dataclass(frozen=True)
class ManifoldScores:
    """How two samples overlap, each thickened to balls that reach its rows' k-th neighbours.

    Attributes
    ----------
    precision : share of fake rows in some real ball: quality
    recall : share of real rows in some fake ball: variety
    density : real balls that hold a fake row, over k, mean over fake rows; in expectation 1 where both have
        one law, and it may exceed 1
    coverage : share of real balls that hold a fake row; `expected_coverage` where both have one law
    k : which neighbour a ball reaches, the row itself not counted
    n_real, n_fake : rows
    """

    precision: float
    recall: float
    density: float
    coverage: float
    k: int
    n_real: int
    n_fake: int

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes."""
        return asdict(self)

    def __str__(self) -> str:
        """Text: a table of one row, and what the numbers are."""
        names = ["precision", "recall", "density", "coverage"]
        row = [f"{getattr(self, name):.4f}" for name in names]
        return (
            text_table(names, [row])
            + f"\n\nBalls to the neighbour k = {self.k}; {self.n_real} real and {self.n_fake} fake rows; "
            f"of one law: density 1, coverage {expected_coverage(self.n_real, self.n_fake, self.k):.4f}"
        )


@dataclass(frozen=True, eq=False)
class Ball:
    """Rows as centres of closed balls.

    Attributes
    ----------
    rows : float64, shape (n, features)
    squared_radii : to the k-th other row, rounding added, shape (n,)
    """

    rows: np.ndarray
    squared_radii: np.ndarray


def precision_recall(real: ArrayLike, fake: ArrayLike, *, k: int = 5) -> ManifoldScores:
    r"""Improved precision and recall, density and coverage, from one pass over the distances.

    With :math:`B(x)` the closed ball around x whose radius is the distance to its k-th nearest other row of
    the same sample,

    .. math:: \text{precision} = \frac1m \sum_j [\exists i: y_j \in B(x_i)], \quad
        \text{recall} = \frac1n \sum_i [\exists j: x_i \in B(y_j)], \quad
        \text{density} = \frac{1}{km} \sum_{ij} [y_j \in B(x_i)], \quad
        \text{coverage} = \frac1n \sum_i [\exists j: y_j \in B(x_i)].

    Distances are Euclidean, in float64; two that differ by less than rounding can do are equal, and a row on
    the surface of a ball is in it (as in Kynkaanniemi's eq. 1; the code of Naeem leaves it out, which gives
    0 for data of few different rows). The numbers depend on the sizes of both samples: compare them
    only for equal sizes. Blocks of 512 rows: memory of a few times 512 max(n, m) numbers beside copies of the
    samples in float64.

    Parameters
    ----------
    real, fake : array-like of shape (n, ...) and (m, ...)
        More than k rows each, of one width; axes after the first are flattened.
    k : int, default=5
        Naeem's choice; Kynkaanniemi takes 3.

    Raises
    ------
    InputError
        For k < 1, k or fewer rows, other widths, or values that are not finite.

    References
    ----------
    Kynkaanniemi, Karras, Laine, Lehtinen, Aila 2019, arXiv 1904.06991, eqs. 1 and 2. Naeem, Oh, Uh, Choi, Yoo
    2020, arXiv 2002.09797, eqs. 3 to 5.
    """
    x, y = as_rows(real, "real"), as_rows(fake, "fake")
    check_width(x, y, "real", "fake")
    centre = x.mean(axis=0, dtype=np.float64)
    return overlap(ball_radii(x - centre, k, "real"), ball_radii(y - centre, k, "fake"), k)


def ball_radii(rows: np.ndarray, k: int, name: str) -> Ball:
    """Find how far each row's k-th nearest other row is; `rows` are float64, centred."""
    n = len(rows)
    if k < 1:
        raise InputError(f"k must be 1 or more, got {k}")
    if n <= k:
        raise InputError(f"{name} has {n} rows, but k = {k} neighbours of each need at least {k + 1}")
    norms = np.einsum("ij,ij->i", rows, rows)
    radii = np.empty(n)
    for part in blocks(n, _BLOCK):
        _, greatest = squared_distance_bounds(rows[part], rows, norms[part], norms)
        own = np.arange(part.start, part.stop)
        greatest[own - part.start, own] = np.inf  # a row is no neighbour of itself
        radii[part] = np.partition(greatest, k - 1, axis=1)[:, k - 1]
    # Radii are upper bounds: that of a repeated row is rounding alone.
    repeated = radii <= 16 * (rows.shape[1] + 8) * 2.0**-52 * norms
    if repeated.mean() > 0.5:
        warnings.warn(
            f"{int(repeated.sum())} of {n} rows of {name} have {k} copies or more, so that their balls are "
            "points: drop repeated rows, or raise k, for these scores to mean much",
            VaelWarning,
            stacklevel=3,
        )
    return Ball(rows, radii)


def overlap(real: Ball, fake: Ball, k: int) -> ManifoldScores:
    """Count who lies in whose balls; both centred alike."""
    norms_x = np.einsum("ij,ij->i", real.rows, real.rows)
    norms_y = np.einsum("ij,ij->i", fake.rows, fake.rows)
    n, m = len(norms_x), len(norms_y)
    precise = np.zeros(m, bool)
    recalled, covered, held = 0, 0, 0
    for part in blocks(n, _BLOCK):
        least, _ = squared_distance_bounds(real.rows[part], fake.rows, norms_x[part], norms_y)
        in_real = least <= real.squared_radii[part, None]
        precise |= in_real.any(axis=0)
        covered += int(in_real.any(axis=1).sum())
        held += int(in_real.sum())
        recalled += int((least <= fake.squared_radii).any(axis=1).sum())
    return ManifoldScores(
        precision=float(precise.mean()),
        recall=recalled / n,
        density=held / (k * m),
        coverage=covered / n,
        k=k,
        n_real=n,
        n_fake=m,
    )


def expected_coverage(n_real: int, n_fake: int, k: int) -> float:
    """Mean coverage of samples of one continuous law, in any dimension.

    ``1 - (n-1) ... (n-k) / ((m+n-1) ... (m+n-k))``: a ball holds no fake row where the k nearest of the
    other n - 1 + m rows are all real. Source: Naeem et al. 2020, arXiv 2002.09797, eq. 7.
    """
    i = np.arange(1, k + 1)
    return float(1 - np.prod((n_real - i) / (n_fake + n_real - i)))
