"""What a decomposition needs of a fitted model: ln p(x, z) at any latents, and the encoder's normal."""

from __future__ import annotations

import copy
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from vael.distributions import Delta, DiagonalNormal, FullNormal, as_law
from vael.errors import InputError
from vael.evaluation.likelihood.support import check_support
from vael.evaluation.subject import subject
from vael.models import LatentVariableModel, SharedScalePosterior
from vael.nn.products import fast_products

__all__ = ["InferenceProblem", "evaluating", "inference_problem"]

CHUNK = 1024  # points decoded together: their activations stay in the processor's cache


@dataclass(frozen=True)
class InferenceProblem:
    """The posteriors of some rows under a model, up to their normalisation.

    Attributes
    ----------
        model: The model; its networks compute in their own precision.
        x: Rows on the model's scale, ``(n, features)``, of the model's dtype and on its device.
        loc: Means of the encoder's q(z|x), ``(n, latent)``, float64.
        scale_tril: Cholesky factors of its covariances, ``(n, latent, latent)``, float64.
        family: ``"diagonal"``, ``"full"``, or ``"shared"`` (scales that are the same for every row).
        log_jacobian: Nats that make a log-density on the model's scale one of the data as given.
    """

    model: LatentVariableModel
    x: Tensor
    loc: Tensor
    scale_tril: Tensor
    family: str
    log_jacobian: float

    @property
    def latent(self) -> int:
        """Number of latents."""
        return self.loc.shape[1]

    def in_float64(self, rows: Int[Tensor, " m"]) -> InferenceProblem:
        """Return the problem of some rows with a copy of the model that computes in double precision."""
        return replace(
            self,
            model=copy.deepcopy(self.model).double(),
            x=self.x[rows.to(self.x.device)].double(),
            loc=self.loc[rows],
            scale_tril=self.scale_tril[rows],
        )

    def log_joint(self, rows: Int[Tensor, " m"], z: Float[Tensor, "m latent"]) -> Float[Tensor, " m"]:
        """Return ln p(x, z) in nats, float64, of each pair of a row's number and a point."""
        result = torch.empty(len(z), dtype=torch.float64)
        with torch.inference_mode(), fast_products(self.model, CHUNK):
            for start in range(0, len(z), CHUNK):
                part = slice(start, start + CHUNK)
                likelihood, prior = self.terms(rows[part], z[part])
                result[part] = (likelihood.double() + prior.double()).cpu()
        wrong = torch.isnan(result) | (result == torch.inf)
        if wrong.any():
            first = int(wrong.nonzero()[0])
            raise InputError(
                f"ln p(x, z) is {result[first].item()} at row {int(rows[first])}, z = {z[first].tolist()}: "
                "the model gives no density there"
            )
        return result

    def terms(self, rows: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return ln p(x|z) and ln p(z), each ``(m,)``; gradients flow to z."""
        assert self.model.prior is not None
        points = z.to(self.x)
        likelihood = self.model.decoder(points).log_prob(self.x[rows.to(self.x.device)])
        return likelihood, self.model.prior().log_prob(points)


@contextmanager
def evaluating(model: LatentVariableModel) -> Generator[None]:
    """Put a model in evaluation mode inside the context, and back afterwards."""
    before = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(before)


def inference_problem(model: Any, X: Any) -> InferenceProblem:
    """Pose the problem for an estimator and rows as given to it, or a model and rows on its scale.

    An estimator is what has a ``model_``; its ``scored_rows`` gives the rows that its ``score_samples``
    scores (scaled, and binarised where the likelihood is of coins).
    """
    inner = getattr(model, "model_", model)
    if not isinstance(inner, LatentVariableModel):
        raise InputError(
            f"model must be a fitted vael estimator or a LatentVariableModel, got {type(model).__name__}"
        )
    if inner.prior is None:
        raise InputError(
            "this model has no prior, so it has no evidence: an autoencoder cannot be decomposed"
        )
    with evaluating(inner), torch.no_grad():
        about = subject(model, X)
        check_support(inner, about.x)
        loc, tril, family = _normal(as_law(inner.encoder(about.x)))
    if isinstance(getattr(inner.encoder, "posterior", None), SharedScalePosterior):
        family = "shared"
    return InferenceProblem(inner, about.x, loc, tril, family, about.log_jacobian)


def _normal(law: Any) -> tuple[Tensor, Tensor, str]:
    if isinstance(law, Delta):
        raise InputError("a point posterior has no density, so it has no ELBO: choose posterior='diagonal'")
    if isinstance(law, DiagonalNormal):
        tril, family = torch.diag_embed(law.stddev), "diagonal"
    elif isinstance(law, FullNormal):
        tril, family = law.scale_tril, "full"
    else:
        raise InputError(
            f"the best q is sought among normals, but this encoder gives {type(law).__name__}: "
            "choose posterior='diagonal' or 'full'"
        )
    loc, tril = law.loc.double().cpu(), tril.double().cpu()
    if not (torch.isfinite(loc).all() and torch.isfinite(tril).all()):
        wrong = ~(torch.isfinite(loc).all(-1) & torch.isfinite(tril).all((-2, -1)))
        raise InputError(f"the encoder's q is not finite at row {int(wrong.nonzero()[0])}")
    return loc.clone(), tril.clone(), family
