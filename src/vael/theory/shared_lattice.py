"""A lattice of latents that all rows share: decoded once, it says where each posterior has its mass."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.distributions import Distribution
from torch.nn.functional import max_pool2d

from vael.distributions import draw
from vael.nn.products import fast_products
from vael.theory.inference_problem import CHUNK, InferenceProblem
from vael.theory.likelihood_table import is_linear, log_likelihood_table

__all__ = ["DROP", "SharedLattice"]

DROP = 16.0  # nats below its top at which a posterior is taken as empty: e^-16 is a ten-millionth
REACH = 6.0  # standard deviations of the prior and of each q that the lattice covers
MOST = {1: 4097, 2: 257}  # points along a latent
MOST_OTHERWISE = {1: 1025, 2: 65}  # where a table of likelihoods is no matrix product
LEAST = 65


@dataclass(frozen=True)
class SharedLattice:
    """Evenly spaced points along each latent; a single latent has a second axis of one point.

    Attributes
    ----------
        low: Its corner, ``(latent,)``.
        step: Spacing along each latent, ``(latent,)``.
        shape: Points along each of two axes.
    """

    low: Tensor
    step: Tensor
    shape: tuple[int, int]

    @property
    def block(self) -> int:
        """Rows whose table is held at once."""
        return max(1, 2**25 // (self.shape[0] * self.shape[1]))

    @classmethod
    def around(cls, problem: InferenceProblem) -> SharedLattice:
        """Cover the prior and every q, about as finely as the narrowest of them are wide."""
        assert problem.model.prior is not None
        scale = problem.scale_tril.square().sum(-1).sqrt()
        with torch.no_grad():
            prior_low, prior_high = _bulk(problem.model.prior())
            linear = is_linear(problem.model.decoder(problem.loc[:1].to(problem.x)))
        low = torch.minimum((problem.loc - REACH * scale).amin(0), prior_low)
        high = torch.maximum((problem.loc + REACH * scale).amax(0), prior_high)
        most = (MOST if linear else MOST_OTHERWISE)[problem.latent]
        narrow = scale.quantile(0.05, dim=0).amin()
        wanted = int(((high - low).amax() / narrow).clamp(LEAST - 1, most - 1).ceil()) + 1
        shape = (wanted, wanted if problem.latent == 2 else 1)
        return cls(low, (high - low) / (wanted - 1), shape)

    def log_joint(self, problem: InferenceProblem, rows: Tensor) -> Tensor:
        """Return ln p(x, z) of some rows at every point, ``(rows, *shape)``: to look where, not how much."""
        model, x = problem.model, problem.x[rows.to(problem.x.device)]
        assert model.prior is not None
        axes = [self.low[i] + torch.arange(self.shape[i]) * self.step[i] for i in range(problem.latent)]
        points = torch.cartesian_prod(*axes).reshape(-1, problem.latent).to(problem.x)
        table = torch.empty(len(x), len(points))
        with torch.inference_mode(), fast_products(model, CHUNK):
            for start in range(0, len(points), CHUNK):
                z = points[start : start + CHUNK]
                likelihood = log_likelihood_table(model.decoder(z), x)
                table[:, start : start + CHUNK] = (likelihood + model.prior().log_prob(z)).cpu()
        return table.nan_to_num(nan=-torch.inf).view(len(x), *self.shape)

    def windows(
        self, problem: InferenceProblem, rows: Tensor, table: Tensor, points: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return corners ``(rows, latent)`` around each row's mass, and how many points a grid there takes.

        A posterior narrower than the lattice may show less than it has, but the encoder knows where it is:
        its mean is looked at too.
        """
        loc = problem.loc[rows]
        there = problem.log_joint(rows, loc)
        top = torch.maximum(table.amax((1, 2)).double(), there)
        alive = table > (top - DROP).view(-1, 1, 1)
        found = alive.flatten(1).any(1)
        use_q = (there > top - DROP) | ~found
        low, high, cells = [], [], []
        scale = problem.scale_tril[rows].square().sum(-1).sqrt()
        for axis in range(problem.latent):
            seen = alive.any(2 - axis).int()
            first = torch.where(found, seen.argmax(1), self.shape[axis])
            final = torch.where(found, self.shape[axis] - 1 - seen.flip(1).argmax(1), -1)
            start = torch.where(found, self.low[axis] + (first - 1) * self.step[axis], torch.inf)
            end = torch.where(found, self.low[axis] + (final + 1) * self.step[axis], -torch.inf)
            near, width = loc[:, axis], scale[:, axis]
            start = torch.where(use_q, torch.minimum(start, near - 2 * width), start)
            end = torch.where(use_q, torch.maximum(end, near + 2 * width), end)
            low.append(start)
            high.append(end)
            cells.append((end - start) / self.step[axis])
        wanted = torch.stack(cells).amax(0)
        sizes = 2 ** wanted.clamp(min=points - 1).log2().ceil().long() + 1
        return torch.stack(low, -1), torch.stack(high, -1), sizes

    def guess(self, table: Tensor, low: Tensor, high: Tensor, points: int) -> Tensor:
        """Return, from above, ln p(x, z) on grids of `points` points along each latent between corners.

        The best of the lattice's points around; where the lattice is too coarse to say, infinity.
        """
        around = max_pool2d(table.unsqueeze(1), 3, 1, 1).squeeze(1).double()
        t = torch.linspace(0, 1, points, dtype=torch.float64)
        index: list[Tensor] = []
        for axis in range(low.shape[1]):
            z = low[:, axis : axis + 1] + t * (high - low)[:, axis : axis + 1]
            place = ((z - self.low[axis]) / self.step[axis]).round().long()
            index.append(place.clamp(0, self.shape[axis] - 1))
        if len(index) == 1:
            index.append(torch.zeros(len(table), 1, dtype=torch.long))
        guess = around[torch.arange(len(table)).view(-1, 1, 1), index[0].unsqueeze(2), index[1].unsqueeze(1)]
        coarse = ((high - low) / (points - 1) < self.step / 8).any(1)
        guess[coarse] = torch.inf
        return guess


def _bulk(prior: Distribution) -> tuple[Tensor, Tensor]:
    """Corners of the box that holds nearly all of the prior."""
    try:
        mean, width = prior.mean.double().cpu(), prior.stddev.double().cpu()
    except NotImplementedError:
        z = draw(prior, (1000,), Generator().manual_seed(0)).double().cpu()
        mean, width = z.mean(0), z.std(0)
    return mean - REACH * width, mean + REACH * width
