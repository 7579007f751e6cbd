"""KL(q(z|x) || p(z)): what a row's code costs, in all and for each latent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal, kl_divergence

from vael.distributions import DiagonalNormal, FullNormal, as_law, closed_form_kl, kl_per_latent
from vael.errors import InputError
from vael.evaluation.latents.posteriors import Posteriors, RandomState, encode_rows, in_double
from vael.evaluation.subject import FittedModel, subject
from vael.evaluation.tables import text_table
from vael.models import LatentVariableModel
from vael.objectives.divergence import divergence

__all__ = ["NO_PRIOR", "POINT", "LatentKL", "RowKL", "kl_of_rows", "latent_kl", "need_density", "need_prior"]

POINT = "a point posterior has no density"
NO_PRIOR = "this model has no prior"
NOT_SPLIT = "q or p does not factorise over the latents, and its marginals have no density that is known"


@dataclass(frozen=True)
class LatentKL:
    """KL(q(z|x) || p(z)), averaged over rows, in nats.

    Attributes
    ----------
    mean : over the rows
    standard_error : of the mean, for rows that are a sample
    per_latent : KL of each latent's marginal; None where it is not known
    sums : whether the latents' sum is the total; marginals of a posterior with correlations do not add up
    estimator : "closed form", or how many draws a row
    n : rows
    why : why there is no `per_latent`
    """

    mean: float
    standard_error: float
    per_latent: tuple[float, ...] | None
    sums: bool
    estimator: str
    n: int
    why: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes."""
        split = None if self.per_latent is None else list(self.per_latent)
        return {**vars(self), "per_latent": split}

    def __str__(self) -> str:
        """Text: the KL of each latent, largest first, and of all."""
        total = ["all", f"{self.mean:.4f}"]
        if self.per_latent is None:
            rows, note = [total], f"for each latent not defined: {self.why}"
        else:
            order = sorted(range(len(self.per_latent)), key=self.per_latent.__getitem__, reverse=True)
            rows = [*([str(i), f"{self.per_latent[i]:.4f}"] for i in order), total]
            note = "of each latent: sums to all" if self.sums else "of each latent: of its marginal, no sum"
        return (
            text_table(["latent", "KL, nats"], rows)
            + f"\n\nKL(q(z|x) || p(z)), mean of {self.n} rows, standard error of all "
            f"{self.standard_error:.4f};\n{self.estimator}; {note}"
        )


@dataclass(frozen=True, eq=False)
class RowKL:
    """KL of each row, in nats and float64.

    Attributes:
        total: Of shape ``(n,)``.
        per_latent: Of shape ``(n, latent)``, where it is known.
        sums: Whether the latents' sum is the total.
        closed: Whether the total is a closed form.
        samples: Draws a row, where something was averaged over draws.
    """

    total: Tensor
    per_latent: Tensor | None
    sums: bool
    closed: bool
    samples: int

    def summary(self) -> LatentKL:
        """Average over the rows."""
        n = len(self.total)
        split = None if self.per_latent is None else tuple(self.per_latent.mean(0).tolist())
        return LatentKL(
            mean=float(self.total.mean()),
            standard_error=float(self.total.std()) / math.sqrt(n),
            per_latent=split,
            sums=self.sums,
            estimator="closed form" if self.closed else f"Monte Carlo, {self.samples} draws a row",
            n=n,
            why=NOT_SPLIT if split is None else None,
        )


def latent_kl(
    model: LatentVariableModel | FittedModel, X: Any, *, samples: int = 64, random_state: RandomState = 0
) -> LatentKL:
    """Average KL(q(z|x) || p(z)) over rows, in all and for each latent, in nats.

    Closed form where vael or torch knows one, else the mean of ln q(z|x) - ln p(z) over `samples` draws of
    each row. A full-rank normal's latents are given by their marginals, which do not sum to the total.

    Parameters
    ----------
    model : fitted estimator or LatentVariableModel
        With a prior, and a posterior that has a density.
    X : array-like
        At least 10 rows.
    samples : int, default=64
        Draws a row where no closed form is known.
    random_state : int, Generator or None, default=0
        Draws them.
    """
    posteriors = encode_rows(subject(model, X))
    need_density(posteriors)
    need_prior(posteriors)
    generator = posteriors.generator(random_state)
    return kl_of_rows(posteriors, posteriors.draw(samples, generator)).summary()


@torch.no_grad()
def kl_of_rows(posteriors: Posteriors, z: Tensor) -> RowKL:
    """KL of each row; draws z ``(samples, n, latent)`` serve where no closed form is known."""
    prior = in_double(posteriors.model.prior())  # pyright: ignore[reportOptionalCall] - checked by callers
    if posteriors.law is not None and isinstance(prior, (DiagonalNormal, FullNormal)):
        return _of_laws(posteriors.law, prior, z)
    rows = [
        _of_laws(q, posteriors.model.prior(), z[:, part].to(posteriors.x.dtype))  # pyright: ignore[reportOptionalCall]
        for part, q in posteriors.chunks()
    ]
    splits = [row.per_latent for row in rows]
    known = [split for split in splits if split is not None]
    return RowKL(
        total=torch.cat([row.total for row in rows]).double(),
        per_latent=torch.cat(known).double() if len(known) == len(splits) else None,
        sums=all(row.sums for row in rows),
        closed=all(row.closed for row in rows),
        samples=len(z),
    )


def _of_laws(q: Distribution, p: Distribution, z: Tensor) -> RowKL:
    found = divergence(q, p, z)
    if found.per_latent is not None:
        return RowKL(found.total, found.per_latent, sums=True, closed=True, samples=len(z))
    factors = _factors(q), _factors(p)
    if factors[0] is not None and factors[1] is not None:
        split, closed = _of_factors(factors[0], factors[1], z)
        return RowKL(split.sum(-1), split, sums=True, closed=closed, samples=len(z))
    marginals = _marginals(q), _marginals(p)
    split = None
    if marginals[0] is not None and marginals[1] is not None:
        split = kl_per_latent(marginals[0], marginals[1])
    closed = closed_form_kl(q, p) is not None
    return RowKL(found.total, split, sums=False, closed=closed, samples=len(z))


def _of_factors(q: Distribution, p: Distribution, z: Tensor) -> tuple[Tensor, bool]:
    """KL of each independent latent, and whether it is a closed form."""
    try:
        return kl_divergence(q, p), True
    except NotImplementedError:
        return (q.log_prob(z) - p.log_prob(z)).mean(0), False


def _factors(law: Distribution) -> Distribution | None:
    """The law of the latents one by one, where they are independent."""
    law = as_law(law)
    if isinstance(law, DiagonalNormal):
        return Normal(law.loc, law.stddev, validate_args=False)
    if isinstance(law, Independent) and law.reinterpreted_batch_ndims == 1:
        return law.base_dist
    return None


def _marginals(law: Distribution) -> DiagonalNormal | None:
    """The marginals of a normal."""
    law = as_law(law)
    if isinstance(law, (DiagonalNormal, FullNormal)):
        return DiagonalNormal(law.mean, 0.5 * law.variance.log())
    return None


def need_density(posteriors: Posteriors) -> None:
    """Refuse point posteriors."""
    if posteriors.are_points:
        raise InputError(f"{POINT}: fit with posterior='diagonal', or ask for active units only")


def need_prior(posteriors: Posteriors) -> None:
    """Refuse models that have no prior."""
    if posteriors.model.prior is None:
        raise InputError(f"{NO_PRIOR}: give the model one")
