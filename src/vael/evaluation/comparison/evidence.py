"""What log-weights say of each row: ln p(x), the ELBO, and how many samples counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vael.evaluation.comparison.contestants import Contestant
from vael.evaluation.comparison.intervals import RowValues
from vael.evaluation.likelihood.statistics import row_statistics, trusted

__all__ = ["RowEvidence", "row_evidence"]


@dataclass(frozen=True, eq=False)
class RowEvidence:
    """Per row, ``(n,)`` each; from the same k draws of q(z|x).

    Attributes
    ----------
    log_p : ln p(x) in nats, logsumexp of the log-weights minus ln k (Burda 2016, eq. 8): low in the mean
    elbo : mean of the log-weights, in nats: the ELBO without bias
    effective : (sum w)^2 / sum w^2, of the k samples
    trusted : whether that is enough; see `vael.evaluation.likelihood.LikelihoodEstimate`
    """

    log_p: RowValues
    elbo: RowValues
    effective: np.ndarray
    trusted: np.ndarray


def row_evidence(model: Contestant, X: np.ndarray, samples: int, seed: int) -> RowEvidence | None:
    """Weigh `samples` draws of q(z|x) for each row; None where the model has no density, and says why."""
    n = len(X)
    log_p, elbo, effective = (np.empty(n) for _ in range(3))
    noise, elbo_noise = np.zeros(samples), np.zeros(samples)
    done = False
    for part, log_w in model.log_weights(X, samples, seed):
        found = row_statistics(torch.from_numpy(log_w), part=part)
        log_p[part], effective[part] = found.estimate, found.effective_sample_size
        log_w = log_w[:, : part.stop - part.start]
        elbo[part] = log_w.mean(axis=0)
        noise += found.influence / n
        with np.errstate(invalid="ignore"):  # a weight of 0, which is looked at later
            elbo_noise += (log_w - elbo[part]).sum(axis=1) / n
        done = True
    if not done:
        return None
    return RowEvidence(
        RowValues(log_p, noise), RowValues(elbo, elbo_noise), effective, trusted(effective, samples)
    )
