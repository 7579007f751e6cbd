"""Active units: the latents whose posterior mean moves with the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from vael.errors import InputError
from vael.evaluation.latents.posteriors import Moments, RandomState, encode_rows
from vael.evaluation.subject import FittedModel, subject
from vael.evaluation.tables import text_table
from vael.models import LatentVariableModel
from vael.training.metrics import ACTIVE_VARIANCE

__all__ = ["ActiveUnits", "active_from_moments", "active_units"]


@dataclass(frozen=True)
class ActiveUnits:
    """Latents that carry something about the row, by Burda's covariance test.

    Attributes
    ----------
    count : latents whose variance is above the threshold
    latents : how many there are
    variances : of the posterior mean over the rows, one a latent, in the square of the latents' unit
    threshold : a latent is active where its variance is above
    n : rows
    estimator : how the posterior means were come by
    """

    count: int
    latents: int
    variances: tuple[float, ...]
    threshold: float
    n: int
    estimator: str

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes."""
        return {**vars(self), "variances": list(self.variances)}

    def __str__(self) -> str:
        """Text: the variance of each latent, largest first."""
        order = sorted(range(self.latents), key=lambda i: -self.variances[i])
        rows = [
            [str(i), f"{self.variances[i]:.4g}", "yes" if self.variances[i] > self.threshold else "no"]
            for i in order
        ]
        return (
            text_table(["latent", "variance of its posterior mean", "active"], rows)
            + f"\n\n{self.count} of {self.latents} latents are active: variance over {self.n} rows above "
            f"{self.threshold:g}\n(Burda 2016, section 5); {self.estimator}"
        )


def active_units(
    model: LatentVariableModel | FittedModel,
    X: Any,
    *,
    threshold: float = ACTIVE_VARIANCE,
    random_state: RandomState = 0,
) -> ActiveUnits:
    """Count the latents whose posterior mean varies over the rows by more than `threshold`.

    Parameters
    ----------
    model : fitted estimator or LatentVariableModel
        Any posterior; one that does not know its mean is drawn from 256 times a row, and what the draws add
        to the variance is taken off.
    X : array-like
        At least 10 rows; see `vael.evaluation.subject.subject` for their scale.
    threshold : float, default=0.01
        Burda's, for a prior whose latents have variance 1.
    random_state : int, Generator or None, default=0
        For posteriors that are drawn from.

    References
    ----------
    Burda, Grosse, Salakhutdinov 2016, arXiv 1509.00519, section 5: Cov_x(E_q(u|x)[u]) > 0.01.
    """
    posteriors = encode_rows(subject(model, X))
    generator = posteriors.generator(random_state)
    return active_from_moments(posteriors.moments(generator), threshold)


def active_from_moments(moments: Moments, threshold: float = ACTIVE_VARIANCE) -> ActiveUnits:
    """Apply the test to posterior moments that are known."""
    if not 0 <= threshold < float("inf"):
        raise InputError(f"threshold must be >= 0 and finite, got {threshold}")
    variance = moments.mean.var(0, correction=0)
    how = "posterior means in closed form"
    if moments.draws is not None:
        # A mean of k draws varies by Var(z|x) / k around the posterior's.
        variance = torch.clamp(variance - moments.variance.mean(0) / moments.draws, min=0)
        how = f"posterior means over {moments.draws} draws a row, their own variance taken off"
    return ActiveUnits(
        count=int((variance > threshold).sum()),
        latents=moments.mean.shape[1],
        variances=tuple(variance.tolist()),
        threshold=float(threshold),
        n=len(moments.mean),
        estimator=how,
    )
