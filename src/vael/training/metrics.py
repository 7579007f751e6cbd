"""What is recorded of each epoch, and how a model is measured on held-out rows."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict, dataclass

import torch
from torch import Generator, Tensor

from vael.models import LatentVariableModel
from vael.objectives import Objective
from vael.training.rows import Rows

__all__ = ["ACTIVE_VARIANCE", "EpochMetrics", "Measured", "measure"]

ACTIVE_VARIANCE = 0.01  # Burda 2016: a latent is active if its posterior mean varies by more
CHUNK = 1024


@dataclass(frozen=True)
class EpochMetrics:
    """One epoch, averaged over rows; a line of ``metrics.jsonl``. Bounds and their terms in nats a row.

    Bounds and log-likelihoods are of the data as given (of integer images: of the values in [0, 1]); the
    loss is of the model's scale.

    Attributes:
        epoch: Counted from 1.
        seconds: Since training started, resumed parts added up.
        examples_per_second: Training rows a second in this epoch, validation left out.
        learning_rate: At the end of the epoch.
        beta: Weight of the KL in the loss at the end of the epoch.
        train_loss: What was minimised.
        train_bound: The objective's bound, at beta = 1.
        train_log_likelihood: E_q[ln p(x|z)].
        train_kl: KL(q(z|x) || p(z)).
        validation_bound: The same on the validation rows, noise held fixed; None without such rows.
        validation_log_likelihood: Likewise.
        validation_kl: Likewise.
        active_latents: Latents whose posterior mean varies by more than 0.01 over the rows measured;
            None where q does not know its mean, or lies on a curved space, whose coordinates are no latents.
        kl_per_latent: KL of each latent over the rows measured; None where it does not split.
        best: Whether this was the best epoch so far.
    """

    epoch: int
    seconds: float
    examples_per_second: float
    learning_rate: float
    beta: float
    train_loss: float
    train_bound: float
    train_log_likelihood: float
    train_kl: float
    validation_bound: float | None
    validation_log_likelihood: float | None
    validation_kl: float | None
    active_latents: int | None
    kl_per_latent: list[float] | None
    best: bool

    def to_dict(self) -> dict[str, object]:
        """Return a plain dictionary for JSON, in which what is not finite is None."""
        row = asdict(self)
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}


@dataclass(frozen=True)
class Measured:
    """Averages over rows, in nats a row."""

    bound: float
    log_likelihood: float
    kl: float
    kl_per_latent: list[float] | None
    active_latents: int | None


@torch.no_grad()
def measure(model: LatentVariableModel, objective: Objective, rows: Rows, generator: Generator) -> Measured:
    """Average an objective's terms over rows, each row counting the same."""
    totals = torch.zeros(3, dtype=torch.float64)
    per_latent: Tensor | None = None
    means: list[Tensor] = []
    for x in rows.chunks(CHUNK):
        terms = objective(model, x, generator=generator)
        sums = torch.stack([t.double().sum() for t in (terms.bound, terms.log_likelihood, terms.kl)])
        totals += sums.cpu()
        if terms.kl_per_latent is not None:
            split = terms.kl_per_latent.double().sum(0)
            per_latent = split if per_latent is None else per_latent + split
        with suppress(NotImplementedError):  # a law that does not know its mean: a flow, say
            q_z = model.encoder(x)
            if getattr(q_z, "flat", True):
                means.append(q_z.mean.double())
    n = len(rows)
    bound, log_likelihood, kl = (totals / n).tolist()
    variance = torch.cat(means).var(0, correction=0) if means else None
    return Measured(
        bound=bound,
        log_likelihood=log_likelihood,
        kl=kl,
        kl_per_latent=None if per_latent is None else (per_latent / n).tolist(),
        active_latents=None if variance is None else int((variance > ACTIVE_VARIANCE).sum()),
    )
