"""Mutual information I(x; z) under q: how much a code tells about its row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vael.evaluation.latents.divergence import need_density
from vael.evaluation.latents.mixture import Mixture, mixture, sample_count, standard_error
from vael.evaluation.latents.numbers import finite
from vael.evaluation.latents.posteriors import RandomState, encode_rows
from vael.evaluation.subject import FittedModel, subject
from vael.evaluation.tables import text_table
from vael.models import LatentVariableModel

__all__ = ["MutualInformation", "information_of", "mutual_information"]

NEAR_CEILING = 1.0  # nats


@dataclass(frozen=True)
class MutualInformation:
    """I(x; z) under q(z|x), in nats, between two estimates.

    Attributes
    ----------
    estimate : mean of ln q(z|x_i) - ln 1/n sum_j q(z|x_j), z drawn from q(z|x_i). Unbiased for the n rows as
        they are (how much z tells which of them it is of); for the law that they come from a lower bound, in
        expectation, that never exceeds ln n
    standard_error : of the estimate, for rows that are a sample, draws included (to first order)
    upper : the same with row i left out of its sum: an upper bound, in expectation, for the law of the rows;
        loose where few rows share a region of the latents, infinite where none do
    ceiling : ln n
    n : rows
    samples : draws a row
    """

    estimate: float
    standard_error: float
    upper: float
    ceiling: float
    n: int
    samples: int

    @property
    def saturated(self) -> bool:
        """Whether the estimate is within a nat of ln n, and so says no more than that it is large."""
        return self.estimate > self.ceiling - NEAR_CEILING

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes; an infinite upper bound is None."""
        return {**vars(self), "upper": finite(self.upper), "saturated": self.saturated}

    def __str__(self) -> str:
        """Text: a table of one row, and what the numbers are."""
        row = [f"{self.estimate:.4f}", f"{self.standard_error:.4f}", f"{self.upper:.4f}"]
        note = "; within a nat of ln n: it may be far larger" if self.saturated else ""
        return (
            text_table(["I(x; z), nats", "standard error", "upper bound"], [row])
            + f"\n\nOver {self.n} rows, {self.samples} draws each, under the mixture of all posteriors;\n"
            f"at most ln n = {self.ceiling:.4f}{note}. Upper bound: each row left out of its own mixture"
        )


def mutual_information(
    model: LatentVariableModel | FittedModel,
    X: Any,
    *,
    samples: int | None = None,
    random_state: RandomState = 0,
) -> MutualInformation:
    r"""Estimate the mutual information of rows and codes, in nats.

    .. math:: I(x; z) = E_{p(x)} KL(q(z|x) \| q(z)), \quad q(z) = E_{p(x)} q(z|x)

    q(z) is the mixture of the posteriors of all rows of X, without minibatches: n^2 densities a draw.

    Parameters
    ----------
    model : fitted estimator or LatentVariableModel
        Any posterior that has a density.
    X : array-like
        At least 10 rows. The more, the higher the ceiling ln n.
    samples : int, default=None
        Draws a row; None takes as many as 3e7 pairs of a draw and a row allow (1e6 for flows), 1 to 64.
    random_state : int, Generator or None, default=0
        Draws them.

    References
    ----------
    Hoffman & Johnson 2016, "ELBO surgery", eq. 6; Makhzani et al. 2016, arXiv 1511.05644; Poole et al. 2019,
    arXiv 1905.06922, for the two bounds (its InfoNCE and leave-one-out, with the encoder's own density).
    """
    posteriors = encode_rows(subject(model, X))
    need_density(posteriors)
    count = sample_count(samples, posteriors)
    generator = posteriors.generator(random_state)
    return information_of(mixture(posteriors, posteriors.draw(count, generator)))


def information_of(densities: Mixture) -> MutualInformation:
    """Average the densities of draws that are known."""
    gained = densities.own - densities.among_all
    samples, n = gained.shape
    return MutualInformation(
        estimate=float(gained.mean()),
        standard_error=standard_error(gained),
        upper=float((densities.own - densities.among_others).mean()),
        ceiling=math.log(n),
        n=n,
        samples=samples,
    )
