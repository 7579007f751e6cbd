"""Bidirectional Monte Carlo: bounds on ln p(x) from both sides, on rows that the model makes itself."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vael.distributions import draw
from vael.errors import InputError
from vael.evaluation.likelihood.ais import AIS, BACK, WALK
from vael.evaluation.likelihood.annealing import stream, walking
from vael.evaluation.likelihood.blocks import MEMORY, like_of, padded_blocks
from vael.evaluation.likelihood.log_likelihood import check_memory, seed_from
from vael.evaluation.likelihood.statistics import RowStatistics, collect, row_statistics
from vael.evaluation.likelihood.support import measure_of
from vael.evaluation.subject import FittedModel, subject
from vael.evaluation.tables import text_table
from vael.models import LatentVariableModel

__all__ = ["BidirectionalBounds", "bdmc"]

SIMULATION = 4  # purpose of noise, after those of AIS
CLOSE = 0.5  # nats between the means, below which the method is called good on this model


@dataclass(frozen=True, eq=False)
class BidirectionalBounds:
    """Stochastic bounds on ln p(x) of simulated rows: each holds in the mean over the noise.

    By Markov's inequality a bound is on the wrong side by more than b nats with a chance below exp(-b). In a
    single row the two may cross by their noise.

    Attributes
    ----------
    lower : annealing from an easy law, nats, of shape (n,); `log_jacobian` is counted
    upper : annealing back from the exact draw of the posterior, nats, of shape (n,)
    lower_standard_error, upper_standard_error : over the chains, of shape (n,). The chains of `upper` start
        at one point, so that they differ less than independent ones would: its error is understated
    x : the rows, on the model's scale, of shape (n, features)
    z : the latents that made them, of shape (n, latent)
    chains : averaged in each bound
    seconds, method, log_jacobian, discrete, of : as in `LikelihoodEstimate`
    """

    lower: np.ndarray
    upper: np.ndarray
    lower_standard_error: np.ndarray
    upper_standard_error: np.ndarray
    x: np.ndarray
    z: np.ndarray
    chains: int
    seconds: float
    method: str
    log_jacobian: float
    discrete: bool
    of: str

    @property
    def gap(self) -> np.ndarray:
        """``upper - lower``, nats, of shape (n,): how far off either can be, in the mean."""
        return self.upper - self.lower

    @property
    def mean_lower(self) -> float:
        """Mean of the lower bounds, nats a row."""
        return float(self.lower.mean())

    @property
    def mean_upper(self) -> float:
        """Mean of the upper bounds, nats a row."""
        return float(self.upper.mean())

    @property
    def mean_gap(self) -> float:
        """Mean of the gaps, nats a row."""
        return float(self.gap.mean())

    @property
    def mean_gap_standard_error(self) -> float:
        """Standard error of `mean_gap` over the rows; nan for one row."""
        n = len(self.gap)
        return float(self.gap.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan

    @property
    def verdict(self) -> str:
        """What the gap says, in words."""
        if not math.isfinite(self.mean_gap):
            return "a bound is not finite: the model gives some of its own rows no density"
        if self.mean_gap <= CLOSE:
            return (
                f"the estimates of this method are within {max(self.mean_gap, 0.0):.3f} nats of ln p(x) "
                "on average, on rows that the model makes itself"
            )
        return (
            f"the estimates of this method may be off by {self.mean_gap:.2f} nats on average, on rows that "
            "the model makes itself: use more temperatures"
        )

    def to_dict(self) -> dict[str, Any]:
        """Means over the rows, in types that `json.dumps` takes; None where a number is not defined."""
        numbers = {
            "lower": self.mean_lower,
            "upper": self.mean_upper,
            "gap": self.mean_gap,
            "gap_standard_error": self.mean_gap_standard_error,
            "largest_gap": float(self.gap.max()),
        }
        return {
            "method": self.method,
            "of": self.of,
            "rows": len(self.lower),
            "chains": self.chains,
            **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
            "unit": "nats a row",
            "log_jacobian": float(self.log_jacobian),
            "discrete": self.discrete,
            "verdict": self.verdict,
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        """Text: the means as a table of one row, and what they say."""
        header = ["lower, nats", "upper", "gap", "over rows ±", "largest gap", "s"]
        values = [
            self.mean_lower,
            self.mean_upper,
            self.mean_gap,
            self.mean_gap_standard_error,
            self.gap.max(),
        ]
        row = [f"{v:.3f}" if math.isfinite(v) else "not defined" for v in values] + [f"{self.seconds:.1f}"]
        return (
            text_table(header, [row])
            + f"\n\nMeans of {len(self.lower)} simulated rows by {self.method}, there and back: {self.of};\n"
            + self.verdict
        )


def bdmc(
    model: LatentVariableModel | FittedModel,
    n: int,
    method: AIS | None = None,
    *,
    random_state: int | np.random.Generator | None = 0,
    memory: int = MEMORY,
) -> BidirectionalBounds:
    """Bound ln p(x) from both sides on rows that the model makes itself: z from the prior, x from p(x|z).

    Such a z is one exact draw of p(z|x). Annealing from an easy law gives weights with the mean p(x), so the
    logarithm of their average is a lower bound; annealing back from z gives weights with the mean 1 / p(x),
    and an upper bound. The gap says how good the method is on this model, as far as
    real rows are like its own.

    Parameters
    ----------
    model : fitted estimator or LatentVariableModel
        What is measured.
    n : int
        How many rows to simulate.
    method : AIS, default=AIS()
        Both walks use its temperatures, chains and step sizes.
    random_state : int, Generator or None, default=0
        Of the rows and of the noise.
    memory : int, default=2**29
        Bytes to take beside the model and the rows.

    References
    ----------
    Grosse, Ghahramani & Adams 2015, arXiv 1511.02543; Wu et al. 2017, arXiv 1611.04273, section 4.3.
    """
    if n < 1:
        raise InputError(f"n must be >= 1 row, got {n}")
    check_memory(memory)
    method = AIS() if method is None else method
    seed = seed_from(random_state)
    inner = model if isinstance(model, LatentVariableModel) else getattr(model, "model_", None)
    if not isinstance(inner, LatentVariableModel):
        raise InputError(
            f"give a fitted estimator of vael or a LatentVariableModel, got {type(model).__name__}"
        )
    z, x = _simulated(inner, n, seed)
    about = subject(inner, x.cpu().numpy())
    log_jacobian = 0.0 if isinstance(model, LatentVariableModel) else model.log_jacobian_
    measure = measure_of(about.model, about.x, model)
    start = time.perf_counter()
    there: list[RowStatistics] = []
    back: list[RowStatistics] = []
    size = method.rows_together(about.model, x.shape[1], memory)
    blocks = padded_blocks(lambda part: about.x[part], n, size, about.x)
    ends = padded_blocks(lambda part: z[part], n, size, z)
    with walking(about.model, size * method.chains):
        for (part, rows), (_, end) in zip(blocks, ends, strict=True):
            walk, first = method.prepare(about.model, rows, seed)
            last = end.expand(method.chains, -1, -1).contiguous()
            forwards = walk.forwards(first, stream(seed, WALK, z.device))
            backwards = walk.backwards(last, stream(seed, BACK, z.device))
            there.append(row_statistics(forwards, part=part))
            back.append(row_statistics(backwards, part=part))
    lower, upper = collect(there), collect(back)
    return BidirectionalBounds(
        lower=lower.estimate + log_jacobian,
        upper=-upper.estimate + log_jacobian,
        lower_standard_error=lower.standard_error,
        upper_standard_error=upper.standard_error,
        x=about.x.cpu().numpy(),
        z=z.cpu().numpy(),
        chains=method.chains,
        seconds=time.perf_counter() - start,
        method=str(method),
        log_jacobian=log_jacobian,
        discrete=measure.discrete,
        of=measure.of,
    )


def _simulated(model: LatentVariableModel, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw latents and rows; row i does not depend on how many follow it."""
    if model.prior is None:
        raise InputError("this model has no prior, so it makes no rows: an autoencoder cannot do this")
    model.eval()
    device = like_of(model).device
    z, x = [], []
    with torch.no_grad():
        for i in range(n):
            generator = stream(seed, SIMULATION + i, device)
            z.append(draw(model.prior(), (1,), generator))
            x.append(draw(model.decoder(z[-1]), (), generator))
    return torch.cat(z), torch.cat(x)
