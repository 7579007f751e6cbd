"""Points that are spread evenly over a manifold: draws from its volume measure."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from vael.errors import InputError, VaelWarning
from vael.geometry.chains import effective_sample_size, split_r_hat
from vael.geometry.hamiltonian import Box, Target, hamiltonian
from vael.geometry.second_order import SecondOrder
from vael.geometry.structure import Structure
from vael.geometry.tangents import told

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["VolumeSamples", "volume_samples"]

LEAST_DRAWS = 100  # of each chain: fewer say nothing about themselves
DOUBTFUL = 1.1  # of R-hat


@dataclass(frozen=True, eq=False)
class VolumeSamples:
    """Draws from a volume measure, and how far to trust them.

    Attributes:
        points: ``(n, latent)``, spread evenly over all draws of all chains.
        acceptance: Mean probability of acceptance.
        step_size: Of the leapfrogs, in units of the spread of the draws.
        r_hat: Split R-hat of each coordinate, ``(latent,)``: 1 where the chains agree.
        effective_sample_size: Of all draws of all chains, each coordinate, ``(latent,)``: as many
            independent ones would estimate the mean as well. Of `points` it is at most n.
        draws: How many there were after the warm-up, in all chains together.
    """

    points: Tensor
    acceptance: float
    step_size: float
    r_hat: Tensor
    effective_sample_size: Tensor
    draws: int


@dataclass(frozen=True, eq=False)
class _Support:
    """Where the measure is looked at, and where its chains start."""

    start: Tensor
    scale: Tensor
    box: Box | None
    centres: Tensor | None
    radius: float

    def holds(self, z: Tensor) -> Tensor:
        """Whether points are near the data."""
        if self.centres is None:
            return torch.ones(len(z), dtype=torch.bool, device=z.device)
        return torch.cdist(z, self.centres).amin(1) <= self.radius


def volume_samples(
    manifold: Manifold,
    n: int,
    *,
    bounds: Any = None,
    radius: float | None = None,
    log_weight: Callable[[Tensor], Tensor] | None = None,
    chains: int = 16,
    warm_up: int = 200,
    leapfrogs: int = 10,
    generator: torch.Generator | None = None,
) -> VolumeSamples:
    """Draw from the volume measure: `Manifold.volume_samples`."""
    if bounds is None and radius is None and log_weight is None:
        raise InputError(
            "the volume measure of an unbounded latent space has no draws: give bounds, a radius about the "
            "data, or log_weight, a log-density such as the prior's"
        )
    if n < 1 or chains < 2 or warm_up < 0 or leapfrogs < 1:
        raise InputError(
            "volume samples need n >= 1, chains >= 2, warm_up >= 0 and leapfrogs >= 1, got "
            f"{n}, {chains}, {warm_up} and {leapfrogs}"
        )
    support = _support(manifold, bounds, radius, chains, generator)
    target = _target(manifold.structure, support, log_weight)
    _check_start(target, support.start)
    each = max(-(-n // chains), LEAST_DRAWS)
    trace = hamiltonian(
        target,
        support.start,
        draws=each,
        warm_up=warm_up,
        leapfrogs=leapfrogs,
        scale=support.scale,
        box=support.box,
        inside=None if support.centres is None else support.holds,
        generator=generator,
    )
    r_hat = split_r_hat(trace.draws)
    if not (r_hat <= DOUBTFUL).all():
        warnings.warn(
            f"the chains of the volume samples do not agree: R-hat is {float(r_hat.max()):.3g}, above "
            f"{DOUBTFUL}; give a longer warm_up, more n, or a smaller region",
            VaelWarning,
            stacklevel=3,
        )
    every = trace.draws.transpose(0, 1).flatten(0, 1)
    chosen = torch.linspace(0, len(every) - 1, n, dtype=torch.float64).round().long().to(every.device)
    return VolumeSamples(
        points=every[chosen],
        acceptance=trace.acceptance,
        step_size=trace.step_size,
        r_hat=r_hat,
        effective_sample_size=effective_sample_size(trace.draws),
        draws=len(every),
    )


def _target(structure: Structure, support: _Support, log_weight: Callable[[Tensor], Tensor] | None) -> Target:
    def target(z: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad(), SecondOrder():
            z = z.detach().requires_grad_()
            volume, regular = _log_volume(structure.metric(z))
            log_p = volume
            if log_weight is not None:
                weight = log_weight(z)
                if weight.shape != volume.shape:
                    raise InputError(
                        f"log_weight maps (n, latent) to (n,), but this one makes {tuple(weight.shape)} of "
                        f"{tuple(z.shape)}"
                    )
                log_p = volume + weight
            total = log_p.sum() + 0 * z.sum()  # a metric that is the same everywhere has no graph
            (slope,) = torch.autograd.grad(total, z)
        good = regular & support.holds(z.detach()) & torch.isfinite(log_p) & torch.isfinite(slope).all(-1)
        return torch.where(good, log_p.detach(), -torch.inf), torch.where(good.unsqueeze(-1), slope, 0)

    return target


def _log_volume(G: Tensor) -> tuple[Tensor, Tensor]:
    """Log volumes, and whether the metric is of full rank; where it is not, the volume is zero."""
    eye = torch.eye(G.shape[-1], dtype=G.dtype, device=G.device)
    finite = torch.isfinite(G).flatten(1).all(1)
    info = torch.linalg.cholesky_ex(torch.where(finite[:, None, None], G, eye).detach())[1]
    regular = finite & (info == 0)
    L = torch.linalg.cholesky(torch.where(regular[:, None, None], G, eye))
    return L.diagonal(dim1=-2, dim2=-1).log().sum(-1), regular


def _support(
    manifold: Manifold, bounds: Any, radius: float | None, chains: int, generator: torch.Generator | None
) -> _Support:
    data = manifold.data
    device = torch.device("cpu") if generator is None else generator.device
    if radius is not None and (data is None or not radius > 0):
        raise InputError(f"a radius must be > 0 and needs a manifold with data to be about, got {radius}")
    box = None if bounds is None else _box(manifold, bounds)
    if data is not None and not (box is not None and radius is None):
        inside = data if box is None else data[((data >= box.lower) & (data <= box.upper)).all(1)]
        if not len(inside):
            raise InputError("no data point is inside the bounds: give wider ones, or no radius")
        rows = torch.randint(len(inside), (chains,), generator=generator, device=device).to(data.device)
        scale = inside.std(0) if len(inside) > 1 else torch.zeros_like(inside[0])
        scale = torch.where(scale > 0, scale, radius or 1.0)
        return _Support(inside[rows], scale, box, None if radius is None else data, radius or 0.0)
    if box is not None:
        latent = len(box.lower)
        even = torch.rand(chains, latent, generator=generator, dtype=box.lower.dtype, device=device)
        width = box.upper - box.lower
        return _Support(box.lower + even.to(box.lower) * width, width / 12**0.5, box, None, 0.0)
    if manifold.latent is None:
        raise InputError("the number of latents is not known: give bounds, or a manifold with data or latent")
    like = torch.zeros(manifold.latent) if manifold.like is None else manifold.like.new_zeros(manifold.latent)
    start = torch.randn(chains, manifold.latent, generator=generator, dtype=like.dtype, device=device)
    return _Support(start.to(like), torch.ones_like(like), None, None, 0.0)


def _box(manifold: Manifold, bounds: Any) -> Box:
    """Read bounds: two numbers, or two points."""
    if len(bounds) != 2:
        raise InputError(f"bounds must be (lower, upper), got {len(bounds)} values")
    known = manifold.latent if manifold.data is None else manifold.data.shape[1]
    values = [np.asarray(b.detach().cpu() if isinstance(b, Tensor) else b) for b in bounds]
    sizes = {b.shape for b in values if b.ndim}
    if known is None and not sizes:
        raise InputError("the number of latents is not known: give bounds with a number for each of them")
    shape = next(iter(sizes)) if known is None else (known,)
    try:
        wide = [np.broadcast_to(b.astype(float) if b.dtype.kind in "iu" else b, shape) for b in values]
    except ValueError as error:
        raise InputError(f"bounds have shapes {[b.shape for b in values]}, for {known} latents") from error
    lower, upper = (manifold.read(b.copy(), "bounds").flat[0] for b in wide)
    if manifold.data is not None:
        lower, upper = lower.to(manifold.data), upper.to(manifold.data)
    if not (lower < upper).all():
        at = int(torch.argwhere(~(lower < upper))[0])
        raise InputError(
            f"bounds must have lower < upper, got {float(lower[at])} and {float(upper[at])} for latent {at}"
        )
    return Box(lower, upper)


def _check_start(target: Target, start: Tensor) -> None:
    log_p = target(start)[0]
    if not torch.isfinite(log_p).all():
        row = int(torch.argwhere(~torch.isfinite(log_p))[0])
        raise InputError(
            f"the density is zero or not finite at {told(start, row)}, where a chain would start: give "
            "bounds inside the region where the metric has full rank"
        )
