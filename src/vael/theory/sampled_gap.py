"""The two inference gaps where latents are too many for a grid: by draws that both q's share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.quasirandom import SobolEngine

from vael.theory.inference_problem import InferenceProblem
from vael.theory.normal_expectation import entropy, expected_joint

__all__ = ["SampledParts", "sampled_parts"]

BLOCK = 64  # draws of each row at a time
ROWS = 64
NODES = 64  # quasi-random draws that the search is over
STEPS = 150
RATE = 0.05  # of Adam, in units of the encoder's standard deviations


@dataclass(frozen=True)
class SampledParts:
    """ELBOs and evidence of each row in nats, ``(n,)``, with standard errors, and the best q found."""

    evidence: Tensor
    evidence_error: Tensor
    elbo: Tensor
    best: Tensor
    elbo_error: Tensor
    loc: Tensor
    scale_tril: Tensor


def sampled_parts(problem: InferenceProblem, samples: int, seed: int) -> SampledParts:
    r"""Climb from the encoder's q, then measure both q's with draws that the climb has not seen.

    The evidence is :math:`\ln \frac1S \sum_s w_s`, :math:`w_s = p(x, z_s) / q^*(z_s)` (Burda 2016, eq. 8),
    its standard error that of the mean of w over that mean. Every row has the same noise.
    """
    generator = Generator().manual_seed(seed)
    parts = [_climb(problem, rows, seed) for rows in torch.arange(len(problem.x)).split(ROWS)]
    loc, tril = (torch.cat(p) for p in zip(*parts))
    noise = torch.randn(samples, problem.latent, generator=generator, dtype=torch.float64)
    ours = _log_weights(problem, problem.loc, problem.scale_tril, noise)
    theirs = _log_weights(problem, loc, tril, noise)
    worse = theirs.mean(1) < ours.mean(1)
    loc[worse], tril[worse], theirs[worse] = problem.loc[worse], problem.scale_tril[worse], ours[worse]
    evidence = theirs.logsumexp(1) - math.log(samples)
    relative = (theirs - evidence.unsqueeze(1)).exp()
    root = math.sqrt(samples)
    elbo_error = torch.maximum(ours.std(1), theirs.std(1)) / root
    return SampledParts(evidence, relative.std(1) / root, ours.mean(1), theirs.mean(1), elbo_error, loc, tril)


def _log_weights(problem: InferenceProblem, loc: Tensor, tril: Tensor, noise: Tensor) -> Tensor:
    """Return ln p(x, z) - ln q(z|x) at ``z = loc + tril noise``, ``(rows, samples)``."""
    rows = torch.arange(len(loc))
    f = torch.cat([expected_joint(problem, rows, loc, tril, part) for part in noise.split(BLOCK)], 1)
    log_q = -0.5 * noise.square().sum(1) + 0.5 * noise.shape[1] - entropy(tril).unsqueeze(1)
    return f - log_q


def _climb(problem: InferenceProblem, rows: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Adam on the ELBO over fixed quasi-random draws, in the frame of the encoder's q."""
    latent = problem.latent
    uniform = SobolEngine(latent, scramble=True, seed=seed).draw(NODES // 2, dtype=torch.float64)
    half = torch.special.ndtri(uniform.clamp(1e-9, 1 - 1e-9))
    nodes = torch.cat([half, -half])
    loc, tril = problem.loc[rows], problem.scale_tril[rows]
    move = torch.zeros_like(loc, requires_grad=True)
    log_scale = torch.zeros_like(loc, requires_grad=problem.family != "shared")
    below = torch.zeros_like(tril, requires_grad=problem.family == "full")
    found = [p for p in (move, log_scale, below) if p.requires_grad]
    optimiser = torch.optim.Adam(found, lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)

    def normals() -> tuple[Tensor, Tensor]:
        factor = torch.diag_embed(log_scale.exp()) + below.tril(-1)
        return loc + (tril @ move.unsqueeze(-1)).squeeze(-1), tril @ factor

    index = rows.repeat_interleave(len(nodes))
    for _ in range(STEPS):
        new_loc, new_tril = normals()
        z = new_loc.unsqueeze(1) + nodes @ new_tril.mT
        likelihood, prior = problem.terms(index, z.flatten(0, 1))
        joint = (likelihood.double() + prior.double()).cpu().view(len(rows), -1).mean(1)
        loss = -(joint + entropy(new_tril)).sum()
        optimiser.zero_grad()
        gradients = torch.autograd.grad(loss, found)
        for parameter, gradient in zip(found, gradients):
            parameter.grad = gradient
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return normals()
