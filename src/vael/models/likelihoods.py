"""Likelihoods p(x|z): what a decoder's outputs mean, and how data are made ready for them."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.distributions import Distribution
from torch.nn.functional import softplus

from vael import distributions as laws
from vael.errors import InputError
from vael.specification import part

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "DiscretisedLogistic",
    "FeatureGaussian",
    "FixedGaussian",
    "Likelihood",
    "SharedGaussian",
    "binarise",
]

# In the model's own (standardised) units: no learned density can run away.
SCALE_FLOOR = 1e-3


class Likelihood(nn.Module):
    """A family of laws over rows of features, indexed by the outputs of a network.

    A feature takes `blocks` outputs; a network gives them block after block, as
    ``(*batch, blocks * features)``.
    """

    blocks: int = 1
    prepares_training: bool = False

    def __init__(self) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> Distribution:
        """Return the law, of batch shape ``(*batch,)`` and event shape ``(features,)``."""

    def observe(self, x: Tensor, generator: Generator | None) -> Tensor:
        """Make a training batch ready (binarise it, say); the same values for most likelihoods."""
        return x

    def prepare(self, x: Tensor, generator: Generator | None) -> Tensor:
        """Make a data set ready once: test rows, and training rows if `prepares_training`."""
        return x

    def start(self, mean: Float[Tensor, " features"]) -> Float[Tensor, " outputs"]:
        """Return outputs at which the law has the given mean: where training starts from."""
        return mean


def binarise(x: Tensor, generator: Generator | None) -> Tensor:
    """Draw each value of x in [0, 1] as a coin with that probability of a one."""
    noise = torch.rand(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    return torch.gt(x, noise, out=torch.empty_like(x))


def _invert(mean_at: Callable[[Tensor], Tensor], target: Tensor, reach: float) -> Tensor:
    """Find t in [-reach, reach] with ``mean_at(t) == target`` by bisection; `mean_at` rises with t."""
    low = torch.full_like(target, -reach, dtype=torch.float64)
    high = -low
    for _ in range(64):
        middle = (low + high) / 2
        below = mean_at(middle) < target
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return ((low + high) / 2).to(target.dtype)


@part
class Bernoulli(Likelihood):
    """Binary features.

    Arguments:
        binarise: For greys in [0, 1]. ``"dynamic"``: drawn anew for each batch; ``"static"``: drawn
            once; None: values are used as they are, which for greys is the cross-entropy of old
            papers and not a likelihood.
    """

    def __init__(self, binarise: str | None = "dynamic") -> None:
        super().__init__()
        if binarise not in ("dynamic", "static", None):
            raise InputError(f"binarise must be 'dynamic', 'static' or None, got {binarise!r}")
        self.binarise = binarise
        self.prepares_training = binarise == "static"

    def forward(self, parameters: Float[Tensor, "*batch features"]) -> laws.Bernoulli:
        """Return the law."""
        return laws.Bernoulli(parameters)

    def observe(self, x: Tensor, generator: Generator | None) -> Tensor:
        """Binarise a batch if that is done anew for each."""
        return binarise(x, generator) if self.binarise == "dynamic" else x

    def prepare(self, x: Tensor, generator: Generator | None) -> Tensor:
        """Binarise a data set once, unless values are used as they are."""
        return x if self.binarise is None else binarise(x, generator)

    def start(self, mean: Float[Tensor, " features"]) -> Float[Tensor, " features"]:
        """Return log-odds of the mean, as Burda's code does: zero costs about a nat on MNIST."""
        return mean.clamp(1e-4, 1 - 1e-4).logit()


@part
class ContinuousBernoulli(Likelihood):
    """Greys on [0, 1] (Loaiza-Ganem & Cunningham 2019)."""

    def forward(self, parameters: Float[Tensor, "*batch features"]) -> laws.ContinuousBernoulli:
        """Return the law."""
        return laws.ContinuousBernoulli(parameters)

    def start(self, mean: Float[Tensor, " features"]) -> Float[Tensor, " features"]:
        """Return logits at the mean, at most 1000 in size: a mean of 0 or 1 would take infinity."""
        target = mean.clamp(1e-3, 1 - 1e-3)
        return _invert(lambda logits: laws.ContinuousBernoulli(logits).mean, target, 1e3)


class _Gaussian(Likelihood):
    """What the Gaussian likelihoods share: the network gives the mean."""

    @abstractmethod
    def log_scale(self, loc: Tensor) -> Tensor:
        """Logarithm of the standard deviation, of a shape that broadcasts to `loc`."""

    def forward(self, parameters: Float[Tensor, "*batch features"]) -> laws.DiagonalNormal:
        """Return the law."""
        return laws.DiagonalNormal(parameters, self.log_scale(parameters))


@part
class FixedGaussian(_Gaussian):
    """Gaussian with one scale that is given and stays.

    Arguments:
        scale: Standard deviation, in the units that the model sees.
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        if not 0 < scale < math.inf:
            raise InputError(f"scale must be > 0 and finite, got {scale}")
        self.scale = float(scale)

    def log_scale(self, loc: Tensor) -> Tensor:
        """Return the given scale."""
        return loc.new_full((), math.log(self.scale))


def _floored(raw: Tensor) -> Tensor:
    """ln(floor + e^raw): the raw parameter, held softly above the floor."""
    floor = math.log(SCALE_FLOOR)
    return floor + softplus(raw - floor)


@part
class SharedGaussian(_Gaussian):
    """Gaussian with one learned scale for all features, as in pPCA."""

    def __init__(self) -> None:
        super().__init__()
        self.raw_log_scale = nn.Parameter(torch.zeros(()))

    def log_scale(self, loc: Tensor) -> Tensor:
        """Return the learned scale, floored."""
        return _floored(self.raw_log_scale)


@part
class FeatureGaussian(_Gaussian):
    """Gaussian with a learned scale for each feature (Rybkin 2021, arXiv 2006.13202).

    Arguments:
        features: Number of features.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.raw_log_scale = nn.Parameter(torch.zeros(features))

    def log_scale(self, loc: Tensor) -> Tensor:
        """Return the learned scales, floored."""
        return _floored(self.raw_log_scale)


@part
class DiscretisedLogistic(Likelihood):
    """Integer levels written as k / (levels - 1): location and log-scale from the network.

    Arguments:
        levels: Number of levels: 256 for pixels in 8 bits.
    """

    blocks = 2

    def __init__(self, levels: int = 256) -> None:
        super().__init__()
        if levels < 2:
            raise InputError(f"levels must be >= 2, got {levels}")
        self.levels = levels

    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> laws.DiscretisedLogistic:
        """Return the law; log-scales are held to [-7, 7], far narrower and wider than any bin."""
        loc, log_scale = parameters.chunk(2, dim=-1)
        return laws.DiscretisedLogistic(loc, 7 * torch.tanh(log_scale / 7), self.levels)

    def start(self, mean: Float[Tensor, " features"]) -> Float[Tensor, " outputs"]:
        """Return centres at which the law has the mean, with scales of about a tenth of the range."""
        wide = torch.full_like(mean, -2.3)

        def mean_at(loc: Tensor) -> Tensor:
            return self(torch.cat([loc, wide.to(loc.dtype)])).mean

        return torch.cat([_invert(mean_at, mean.clamp(1e-3, 1 - 1e-3), 10.0), wide])


@part
class Categorical(Likelihood):
    """Few levels, written as k / (levels - 1), each with its own logit.

    Arguments:
        levels: Number of levels.
    """

    def __init__(self, levels: int) -> None:
        super().__init__()
        if levels < 2:
            raise InputError(f"levels must be >= 2, got {levels}")
        self.levels = levels
        self.blocks = levels

    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> laws.Categorical:
        """Return the law."""
        logits = parameters.unflatten(-1, (self.levels, -1)).transpose(-1, -2)
        return laws.Categorical(logits)

    def start(self, mean: Float[Tensor, " features"]) -> Float[Tensor, " outputs"]:
        """Return logits of the law of most entropy with that mean: they are linear in the level."""
        levels = torch.linspace(0, 1, self.levels, dtype=torch.float64, device=mean.device)

        def outputs(slope: Tensor) -> Tensor:
            return (levels.unsqueeze(-1) * slope).flatten()

        def mean_at(slope: Tensor) -> Tensor:
            return self(outputs(slope)).mean

        slope = _invert(mean_at, mean.clamp(1e-3, 1 - 1e-3), 1e3)
        return outputs(slope.double()).to(mean.dtype)
