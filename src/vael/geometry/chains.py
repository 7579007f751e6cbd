"""How far chains of draws can be trusted: split R-hat and effective sample sizes."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["effective_sample_size", "split_r_hat"]


def split_r_hat(draws: Float[Tensor, "chains draws latent"]) -> Float[Tensor, " latent"]:
    """Return the potential scale reduction of half-chains: 1 where they agree, more where they do not.

    See also: Gelman et al. 2013, Bayesian Data Analysis, 3rd edition, section 11.4.
    """
    halves = _halves(draws)
    between, within = _variances(halves)
    n = halves.shape[1]
    return ((n - 1) / n + between / within.clamp(min=torch.finfo(draws.dtype).tiny)).sqrt()


def effective_sample_size(draws: Float[Tensor, "chains draws latent"]) -> Float[Tensor, " latent"]:
    """Return the number of independent draws that estimate the mean as well, for each coordinate.

    Autocorrelations of half-chains, their sum cut by Geyer's initial monotone sequence.

    See also: Vehtari et al. 2021, arXiv 1903.08008, section 3.2.
    """
    halves = _halves(draws).double()
    chains, n, latent = halves.shape
    between, within = _variances(halves)
    spread = within * (n - 1) / n + between
    centred = halves - halves.mean(1, keepdim=True)
    wide = torch.fft.rfft(centred, n=2 * n, dim=1)
    covariance = torch.fft.irfft(wide * wide.conj(), n=2 * n, dim=1)[:, :n].mean(0) / n
    safe = spread.clamp(min=torch.finfo(torch.float64).tiny)
    correlation = 1 - (within - covariance * n / (n - 1)) / safe
    correlation[0] = 1
    pairs = correlation[: n // 2 * 2].reshape(-1, 2, latent).sum(1)
    pairs = torch.where((pairs > 0).long().cumprod(0).bool(), pairs, 0).cummin(0).values
    time = (2 * pairs.sum(0) - 1).clamp(min=1 / torch.log10(torch.tensor(10.0 + chains * n)))
    return (chains * n / time).to(draws.dtype)


def _halves(draws: Tensor) -> Tensor:
    half = draws.shape[1] // 2
    return torch.cat([draws[:, :half], draws[:, draws.shape[1] - half :]])


def _variances(chains: Tensor) -> tuple[Tensor, Tensor]:
    """Variance of the chains' means, and mean of their variances."""
    return chains.mean(1).var(0), chains.var(1).mean(0)
