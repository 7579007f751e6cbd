"""The aggregate posterior q(z), the law of all codes, against the prior p(z) that samples are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from vael.distributions import DiagonalNormal, FullNormal, closed_form_kl, draw
from vael.evaluation.latents.divergence import POINT, RowKL, kl_of_rows, need_prior
from vael.evaluation.latents.mixture import Mixture, mixture, sample_count, standard_error
from vael.evaluation.latents.numbers import finite
from vael.evaluation.latents.posteriors import Moments, Posteriors, RandomState, encode_rows, in_double
from vael.evaluation.mmd import MMDResult, mmd
from vael.evaluation.subject import FittedModel, subject
from vael.evaluation.tables import text_table
from vael.models import LatentVariableModel

__all__ = ["AggregateKL", "AggregatePosterior", "aggregate_of", "aggregate_posterior"]

MMD_ROWS = 2_000
NOT_NORMAL = "the prior is no normal, so the moments of the codes give no bound"


@dataclass(frozen=True)
class AggregateKL:
    """KL(q(z) || p(z)) in nats, between two estimates.

    Attributes
    ----------
    estimate : mean KL(q(z|x) || p(z)) less the mutual information: Hoffman & Johnson's identity, with q(z)
        the mixture of these rows' posteriors. For the law that they come from an upper bound, in expectation
    standard_error : of the estimate, for rows that are a sample, draws included (to first order)
    direct : the same, as the mean of ln q(z) - ln p(z) over draws of q(z)
    lower : with each row left out of its own mixture: a lower bound, in expectation, for the law of the rows;
        0 where it would be negative or is not finite
    lower_standard_error : of the lower bound
    """

    estimate: float
    standard_error: float
    direct: float
    lower: float
    lower_standard_error: float


@dataclass(frozen=True)
class AggregatePosterior:
    """How far the law of the codes, q(z), is from the prior p(z).

    Attributes
    ----------
    kl : KL(q(z) || p(z)); None for point posteriors
    moments_kl : KL of the normal with q(z)'s mean and covariance from the prior, nats: a lower bound on the
        KL for a normal prior, in any dimension and without a ceiling, up to `moments_bias`; else None
    moments_bias : what `moments_kl` is expected to be if q(z) is the prior: d(d + 3) / 4n for d latents
    mean, deviation : of q(z), one a latent
    prior_mean, prior_deviation : of p(z), or of 10000 draws where it does not know them
    mmd : draws of q(z), one a row, against as many of p(z)
    n : rows
    samples : draws a row
    why : what is not defined, and why
    """

    kl: AggregateKL | None
    moments_kl: float | None
    moments_bias: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    prior_mean: tuple[float, ...]
    prior_deviation: tuple[float, ...]
    mmd: MMDResult
    n: int
    samples: int
    why: dict[str, str]

    @property
    def least_kl(self) -> float:
        """Nats that KL(q(z) || p(z)) has at least, by the better of both lower bounds, errors taken off."""
        found = [0.0]
        if self.kl is not None:
            found.append(self.kl.lower - 2 * self.kl.lower_standard_error)
        if self.moments_kl is not None:
            found.append(self.moments_kl - 2 * self.moments_bias)
        return max(found)

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes; None where a number is infinite."""
        lists = {k: list(v) for k, v in vars(self).items() if isinstance(v, tuple)}
        kl = None if self.kl is None else {k: finite(v) for k, v in vars(self.kl).items()}
        bounds = {"moments_kl": finite(self.moments_kl), "least_kl": finite(self.least_kl)}
        return {**vars(self), **lists, **bounds, "kl": kl, "mmd": self.mmd.to_dict(), "why": dict(self.why)}

    def __str__(self) -> str:
        """Text: a table of the measures, and what each is."""
        rows = []
        if self.kl is not None:
            rows += [
                [
                    "KL, nats",
                    f"{self.kl.estimate:.4f}",
                    f"mean KL less I(x; z), ± {self.kl.standard_error:.4f}",
                ],
                ["KL, nats", f"{self.kl.direct:.4f}", "mean of ln q(z) - ln p(z) over draws"],
                [
                    "KL at least",
                    f"{self.kl.lower:.4f}",
                    f"rows left out of their own mixture, ± {self.kl.lower_standard_error:.4f}",
                ],
            ]
        if self.moments_kl is not None:
            bias = f"of mean and covariance; {self.moments_bias:.4f} expected of the prior itself"
            rows.append(["KL at least", f"{self.moments_kl:.4f}", bias])
        chance = self.mmd.p_value
        note = f"{self.mmd.n} codes, {self.mmd.m} draws of the prior; p-value {chance:.4f}"
        rows.append(["MMD^2", f"{self.mmd.estimate:.6f}", note])
        missing = "".join(f"\n{name}: not defined, {reason}" for name, reason in self.why.items())
        return (
            text_table(["q(z) against p(z)", "value", "estimator"], rows)
            + f"\n\nOver {self.n} rows, {self.samples} draws each{missing}"
        )


def aggregate_posterior(
    model: LatentVariableModel | FittedModel,
    X: Any,
    *,
    samples: int | None = None,
    permutations: int = 200,
    random_state: RandomState = 0,
) -> AggregatePosterior:
    """Compare the law of the codes with the prior, by KL, by moments and by MMD.

    Parameters
    ----------
    model : fitted estimator or LatentVariableModel
        With a prior. Of a point posterior only MMD and moments are defined.
    X : array-like
        At least 10 rows. The MMD takes 2000 of them at most, drawn at random.
    samples : int, default=None
        Draws a row for the KL; None chooses by the rows, as `mutual_information` does.
    permutations : int, default=200
        Relabellings for the p-value of the MMD, at least 1.
    random_state : int, Generator or None, default=0
        Draws codes, prior and relabellings.

    References
    ----------
    Hoffman & Johnson 2016, "ELBO surgery", eq. 6: KL(q(z) || p(z)) = E KL(q(z|x) || p(z)) - I(x; z).
    """
    posteriors = encode_rows(subject(model, X))
    need_prior(posteriors)
    rng = np.random.default_rng(random_state)
    generator = posteriors.generator(rng)
    moments = posteriors.moments(generator)
    z = posteriors.draw(sample_count(samples, posteriors), generator)
    if posteriors.are_points:
        return aggregate_of(posteriors, moments, z, None, None, rng, permutations)
    return aggregate_of(
        posteriors, moments, z, kl_of_rows(posteriors, z), mixture(posteriors, z), rng, permutations
    )


@torch.no_grad()
def aggregate_of(
    posteriors: Posteriors,
    moments: Moments,
    z: Tensor,
    row_kl: RowKL | None,
    densities: Mixture | None,
    rng: np.random.Generator,
    permutations: int = 200,
) -> AggregatePosterior:
    """Assemble the comparison from draws ``(samples, n, latent)`` and what is known of them."""
    prior = in_double(posteriors.model.prior())  # pyright: ignore[reportOptionalCall] - checked by callers
    samples, n, latent = z.shape
    mean, covariance = _moments(posteriors, moments, z)
    moments_kl = _moments_kl(mean, covariance, prior)
    generator = posteriors.generator(rng)
    prior_mean, prior_deviation = _prior_moments(prior, generator)
    count = min(n, MMD_ROWS)
    some = torch.from_numpy(rng.choice(n, count, replace=False)).to(z.device)
    codes, imagined = z[0, some], draw(prior, (count,), generator)
    why = {} if moments_kl is not None else {"moments_kl": NOT_NORMAL}
    if row_kl is None:
        why["kl"] = POINT
    return AggregatePosterior(
        kl=None if row_kl is None or densities is None else _kl(row_kl, densities, prior, z, posteriors),
        moments_kl=moments_kl,
        moments_bias=latent * (latent + 3) / (4 * n),
        mean=tuple(mean.tolist()),
        deviation=tuple(covariance.diagonal().sqrt().tolist()),
        prior_mean=tuple(prior_mean.tolist()),
        prior_deviation=tuple(prior_deviation.tolist()),
        mmd=mmd(codes.cpu().numpy(), imagined.cpu().numpy(), permutations=permutations, random_state=rng),
        n=n,
        samples=samples,
        why=why,
    )


def _kl(row_kl: RowKL, densities: Mixture, prior: Any, z: Tensor, posteriors: Posteriors) -> AggregateKL:
    like = z if isinstance(prior, (DiagonalNormal, FullNormal)) else z.to(posteriors.x.dtype)
    gained = densities.own - densities.among_all
    cost = row_kl.total
    least = cost - (densities.own - densities.among_others)
    known = bool(torch.isfinite(least).all())
    return AggregateKL(
        estimate=float((cost - gained).mean()),
        standard_error=standard_error(cost - gained),
        direct=float((densities.among_all - prior.log_prob(like).double()).mean()),
        lower=max(0.0, float(least.mean())) if known else 0.0,
        lower_standard_error=standard_error(least) if known else 0.0,
    )


def _moments(posteriors: Posteriors, moments: Moments, z: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance of q(z): those of the means, and the mean of those within rows."""
    mean = moments.mean.mean(0)
    away = moments.mean - mean
    covariance = away.mT @ away / len(away)
    if moments.draws is not None:
        covariance -= torch.diag(moments.variance.mean(0) / moments.draws)
    if isinstance(posteriors.law, FullNormal):
        factor = posteriors.law.scale_tril
        return mean, covariance + torch.einsum("nij,nkj->ik", factor, factor) / len(factor)
    if posteriors.law is None:  # correlations within rows are known by draws only
        pooled = z.flatten(0, 1)
        return pooled.mean(0), torch.cov(pooled.mT, correction=0).reshape(z.shape[2], z.shape[2])
    return mean, covariance + torch.diag(moments.variance.mean(0))


def _moments_kl(mean: Tensor, covariance: Tensor, prior: Any) -> float | None:
    """KL of the normal with those moments from a normal prior; infinite where a direction is flat."""
    if not isinstance(prior, (DiagonalNormal, FullNormal)):
        return None
    factor, failed = torch.linalg.cholesky_ex(covariance)
    if int(failed):
        return float("inf")
    known = closed_form_kl(FullNormal(mean, factor), prior)
    return None if known is None else float(known)


def _prior_moments(prior: Any, generator: Generator) -> tuple[Tensor, Tensor]:
    try:
        return prior.mean, prior.variance.sqrt()
    except NotImplementedError:
        z = draw(prior, (10_000,), generator)
        return z.mean(0), z.std(0)
