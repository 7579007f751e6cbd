"""What the log-weights of some rows say: ln p(x), its standard error, and how many weights carry it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from vael.errors import InputError
from vael.evaluation.likelihood.jackknife import jackknifed

__all__ = ["SPREAD", "RowStatistics", "collect", "row_statistics", "trusted"]

SPREAD = 0.1  # of a weight around the mean of k, squared and relative, over k: 0.3 nats in ln p(x)


@dataclass(frozen=True, eq=False)
class RowStatistics:
    """Estimates of ln p(x) on the model's scale, from k log-weights a row.

    Attributes
    ----------
        estimate: Nats, ``(n,)``.
        standard_error: Of `estimate`, nats, ``(n,)``; nan for k = 1.
        effective_sample_size: Between 1 and k, ``(n,)``; 0 where all weights are 0.
        influence: Sum over the rows of ``k p_i - 1``, ``(k,)``, p the normalised weights: what the noise with
            index i adds to the sum of the estimates. Rows may share their noise.
    """

    estimate: np.ndarray
    standard_error: np.ndarray
    effective_sample_size: np.ndarray
    influence: np.ndarray


def row_statistics(
    log_w: Float[Tensor, "k m"], jackknife: int = 0, part: slice = slice(None)
) -> RowStatistics:
    """Summarise log-weights in nats.

    The estimate is ``logsumexp(log_w) - ln k`` (Burda 2016, eq. 8) or its jackknife. Its standard error
    follows from that of the mean weight, divided by the mean (the delta method).

    Arguments:
        log_w: Log-weights.
        jackknife: Order of the jackknife, 0 for none.
        part: Which rows these are; columns that come after them are padding, and left out. All are
            summed, since sums over another number of columns may round differently.
    """
    log_w = log_w.detach().cpu().double()
    k = len(log_w)
    first = part.start or 0
    keep = log_w.shape[1] if part.stop is None else part.stop - first
    wrong = (torch.isnan(log_w) | (log_w == torch.inf))[:, :keep]
    if wrong.any():
        sample, row = torch.argwhere(wrong)[0].tolist()
        raise InputError(
            f"the log-weight of row {first + row} is {log_w[sample, row].item()} at sample {sample}: "
            "the model gives no density there"
        )
    total = log_w.logsumexp(0)
    share = (log_w - torch.where(torch.isfinite(total), total, 0.0)).exp()
    squares = share.square().sum(0)
    estimate = total - math.log(k)
    if jackknife:
        some = torch.isfinite(total)
        estimate[some] = jackknifed(log_w[:, some], jackknife)
    error = (
        ((squares - 1 / k).clamp(min=0) * (k / (k - 1))).sqrt() if k > 1 else torch.full_like(total, math.nan)
    )
    error[total == -math.inf] = math.nan
    ess = torch.where(squares > 0, 1 / squares, 0.0).clamp(max=k)
    influence = (k * share - 1)[:, :keep][:, torch.isfinite(total[:keep])].sum(1)
    kept, spread, size = (t[:keep].numpy() for t in (estimate, error, ess))
    return RowStatistics(kept, spread, size, influence.numpy())


def trusted(effective_sample_size: np.ndarray, samples: int) -> np.ndarray:
    """Whether the weights of a row are even enough for its estimate to mean something, ``(n,)``.

    The rule: at least two samples, and ``1 / ESS - 1 / samples <= 0.1``, which is a standard error of at most
    0.32 nats. With many samples it asks for an effective sample size of 10, with 16 for 6.2. Below, a few
    weights are the estimate, and it is too low by an amount that the weights do not show.
    """
    if samples < 2:
        return np.zeros(len(effective_sample_size), bool)
    return effective_sample_size * (SPREAD + 1 / samples) >= 1


def collect(parts: list[RowStatistics]) -> RowStatistics:
    """Join the statistics of blocks of rows."""
    return RowStatistics(
        np.concatenate([p.estimate for p in parts]),
        np.concatenate([p.standard_error for p in parts]),
        np.concatenate([p.effective_sample_size for p in parts]),
        np.sum([p.influence for p in parts], axis=0),
    )
