"""Use of the latents: active units, KL, mutual information and the aggregate posterior, from one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vael.evaluation.latents.active import ActiveUnits, active_from_moments
from vael.evaluation.latents.aggregate import AggregatePosterior, aggregate_of
from vael.evaluation.latents.divergence import NO_PRIOR, POINT, LatentKL, kl_of_rows
from vael.evaluation.latents.information import MutualInformation, information_of
from vael.evaluation.latents.mixture import mixture, sample_count
from vael.evaluation.latents.numbers import finite
from vael.evaluation.latents.posteriors import RandomState, encode_rows
from vael.evaluation.subject import FittedModel, Subject, subject
from vael.evaluation.tables import text_table
from vael.models import FixedGaussian, LatentVariableModel

__all__ = ["LatentUse", "use_of_latents"]


@dataclass(frozen=True)
class LatentUse:
    """What the latents of a model carry.

    Attributes
    ----------
    active : Burda's active units
    kl : KL(q(z|x) || p(z)), in all and for each latent; None without a prior or a posterior density
    information : I(x; z) under q; None for point posteriors
    aggregate : q(z) against p(z); None without a prior
    beta : weight of the KL in the loss that was trained; None where it is not known
    fixed_scale : standard deviation of a Gaussian likelihood that is given and stays; else None
    data_variances : largest eigenvalues of the covariance of x on the model's scale, one a latent (fewer
        where x has fewer features), where `fixed_scale` is given; else empty
    n : rows
    why : what is not defined, and why
    """

    active: ActiveUnits
    kl: LatentKL | None
    information: MutualInformation | None
    aggregate: AggregatePosterior | None
    beta: float | None
    fixed_scale: float | None
    data_variances: tuple[float, ...]
    n: int
    why: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes."""
        parts = {"kl": self.kl, "information": self.information, "aggregate": self.aggregate}
        return {
            "active": self.active.to_dict(),
            **{name: None if part is None else part.to_dict() for name, part in parts.items()},
            "beta": self.beta,
            "fixed_scale": self.fixed_scale,
            "data_variances": list(self.data_variances),
            "n": self.n,
            "why": dict(self.why),
        }

    def __str__(self) -> str:
        """Text: one line a quantity, with its estimator and unit."""
        test = f"variance of the posterior mean > {self.active.threshold:g}; {self.active.estimator}"
        rows = [["active latents", f"{self.active.count} of {self.active.latents}", "", test]]
        if self.kl is not None:
            rows.append(
                ["KL(q(z|x) || p(z))", *_plus(self.kl.mean, self.kl.standard_error), self.kl.estimator]
            )
        if self.information is not None:
            known = self.information
            how = f"mixture of all rows, at most ln n = {known.ceiling:.2f}; upper bound {known.upper:.2f}"
            rows.append(["I(x; z)", *_plus(known.estimate, known.standard_error), how])
        if self.aggregate is not None:
            rows += _aggregate_rows(self.aggregate)
        missing = "".join(f"\n{name}: not defined, {reason}" for name, reason in self.why.items())
        return text_table(["", "value", "", "estimator"], rows) + f"\n\nNats; {self.n} rows{missing}"


def use_of_latents(
    model: LatentVariableModel | FittedModel,
    X: Any,
    *,
    samples: int | None = None,
    permutations: int = 200,
    random_state: RandomState = 0,
) -> LatentUse:
    """Measure what the latents carry; held-out rows say what they carry of the law, not of the training set.

    Time grows with the square of the rows: 10000 rows of 16 latents take about 10 s on one core.

    Parameters
    ----------
    model : fitted estimator or LatentVariableModel
        Any prior, any posterior; what is not defined for it is None, with a reason in `why`.
    X : array-like
        At least 10 rows that are not all the same; see `vael.evaluation.subject.subject` for their scale.
    samples : int, default=None
        Draws a row; None takes as many as 3e7 pairs of a draw and a row allow (1e6 for flows), 1 to 64.
    permutations : int, default=200
        Relabellings for the p-value of the MMD between codes and prior.
    random_state : int, Generator or None, default=0
        Everything random follows from it.

    See Also
    --------
    diagnose : the same in words, with what to change.
    """
    given = subject(model, X)
    posteriors = encode_rows(given)
    rng = np.random.default_rng(random_state)
    generator = posteriors.generator(rng)
    moments = posteriors.moments(generator)
    z = posteriors.draw(sample_count(samples, posteriors), generator)
    has_prior, has_density = given.model.prior is not None, not posteriors.are_points
    row_kl = kl_of_rows(posteriors, z) if has_prior and has_density else None
    densities = mixture(posteriors, z) if has_density else None
    why: dict[str, str] = {}
    if row_kl is None:
        why["kl"] = POINT if not has_density else NO_PRIOR
    if not has_density:
        why["information"] = f"{POINT}; codes that all differ tell rows apart without end"
    if not has_prior:
        why["aggregate"] = NO_PRIOR
    scale, variances = _fixed_scale(given, moments.mean.shape[1])
    weight: Any = getattr(getattr(model, "objective_", None), "weight", None)
    return LatentUse(
        active=active_from_moments(moments),
        kl=None if row_kl is None else row_kl.summary(),
        information=None if densities is None else information_of(densities),
        aggregate=aggregate_of(posteriors, moments, z, row_kl, densities, rng, permutations)
        if has_prior
        else None,
        beta=None if weight is None else float(weight(1.0)),
        fixed_scale=scale,
        data_variances=variances,
        n=len(posteriors),
        why=why,
    )


@torch.no_grad()
def _fixed_scale(given: Subject, latents: int) -> tuple[float | None, tuple[float, ...]]:
    """Scale of a Gaussian likelihood that stays, and the largest variances of the rows."""
    likelihood = getattr(given.model.decoder, "likelihood", None)
    if not isinstance(likelihood, FixedGaussian):
        return None, ()
    x = given.x.double()
    x = x - x.mean(0)
    matrix: Tensor = x.mT @ x if x.shape[1] <= len(x) else x @ x.mT
    largest = torch.linalg.eigvalsh(matrix / len(x)).flip(0)[:latents]
    return likelihood.scale, tuple(largest.clamp(min=0).tolist())


def _plus(value: float, error: float) -> tuple[str, str]:
    return f"{value:.4f}", f"± {error:.4f}"


def _aggregate_rows(known: AggregatePosterior) -> list[list[str]]:
    rows: list[list[str]] = []
    name = "KL(q(z) || p(z))"
    if known.kl is not None:
        values = _plus(known.kl.estimate, known.kl.standard_error)
        rows.append([name, *values, f"mean KL less I(x; z); over draws {known.kl.direct:.4f}"])
    if finite(known.least_kl) is not None:
        rows.append(
            [name, f">= {known.least_kl:.4f}", "", "rows left out, or mean and covariance; less 2 errors"]
        )
    how = f"{known.mmd.n} codes against as many draws of the prior, p-value {known.mmd.p_value:.4f}"
    rows.append(["MMD^2 of q(z), p(z)", f"{known.mmd.estimate:.6f}", "", how])
    return rows
