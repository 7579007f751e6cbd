"""Likelihoods p(x|z): what a decoder's outputs mean, and how data are made ready for them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

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

SCALE_FLOOR = 1e-3  # of the model's own (standardised) units: no learned density can run away


class Likelihood(nn.Module):
    """A family of laws over rows of features, indexed by the outputs of a network.

    `blocks` outputs a feature; a network gives them block after block: ``(*batch, blocks * features)``.
    """

    blocks: int = 1
    prepares_training: bool = False

    @abstractmethod
    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> Distribution:
        """Return the law, of batch shape ``(*batch,)`` and event shape ``(features,)``."""

    def observe(self, x: Tensor, generator: Generator | None) -> Tensor:
        """Make a training batch ready (binarise it, say); the same values for most likelihoods."""
        return x

    def prepare(self, x: Tensor, generator: Generator | None) -> Tensor:
        """Make a data set ready once: test rows, and training rows where `prepares_training` says so."""
        return x

    def start(self, mean: Float[Tensor, " features"]) -> Float[Tensor, " outputs"]:
        """Outputs at which the law has the given mean: where training starts from."""
        return mean


def binarise(x: Tensor, generator: Generator | None) -> Tensor:
    """Draw each value of x in [0, 1] as a coin with that probability of a one."""
    return torch.bernoulli(x, generator=generator)


def _logit(mean: Tensor) -> Tensor:
    return mean.clamp(1e-4, 1 - 1e-4).logit()


@part
class Bernoulli(Likelihood):
    """Binary features.

    Arguments:
        binarise: For greys in [0, 1]. ``"dynamic"``: drawn anew for each batch; ``"static"``: drawn once;
            None: values are used as they are, which for greys is the cross-entropy of old papers and
            not a likelihood.
    """

    def __init__(self, binarise: Literal["dynamic", "static"] | None = "dynamic") -> None:
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
        """Log-odds of the mean, as Burda's code does: zero costs about a nat on MNIST."""
        return _logit(mean)


@part
class ContinuousBernoulli(Likelihood):
    """Greys on [0, 1] (Loaiza-Ganem & Cunningham 2019)."""

    def forward(self, parameters: Float[Tensor, "*batch features"]) -> laws.ContinuousBernoulli:
        """Return the law."""
        return laws.ContinuousBernoulli(parameters)

    def start(self, mean: Float[Tensor, " features"]) -> Float[Tensor, " features"]:
        """Invert the law's mean by Newton steps from the nearer asymptote."""
        target = mean.double().clamp(1e-3, 1 - 1e-3)
        logits = torch.where(target < 0.5, -1 / target, 1 / (1 - target))
        logits = torch.where((target - 0.5).abs() < 0.3, 12 * (target - 0.5), logits)
        for _ in range(20):
            law = laws.ContinuousBernoulli(logits)
            step = (law.mean - target) / law.variance
            logits = logits - step.clamp(-5 - logits.abs() / 2, 5 + logits.abs() / 2)
        return logits.to(mean.dtype)


class _Gaussian(Likelihood):
    """What the Gaussian likelihoods share: the network gives the mean."""

    @abstractmethod
    def log_scale(self, loc: Tensor) -> Tensor:
        """Logarithm of the standard deviation, of the shape of `loc`."""

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
        if not scale > 0:
            raise InputError(f"scale must be > 0, got {scale}")
        self.fixed: Tensor
        self.register_buffer("fixed", torch.tensor(float(scale)).log(), persistent=False)

    def log_scale(self, loc: Tensor) -> Tensor:
        """The given scale."""
        return self.fixed.expand_as(loc)


def _floored(raw: Tensor) -> Tensor:
    """ln(floor + e^raw): the raw parameter, held softly above the floor."""
    floor = torch.tensor(SCALE_FLOOR, dtype=raw.dtype, device=raw.device).log()
    return floor + softplus(raw - floor)


@part
class SharedGaussian(_Gaussian):
    """Gaussian with one learned scale for all features, as in pPCA."""

    def __init__(self) -> None:
        super().__init__()
        self.raw_log_scale = nn.Parameter(torch.zeros(()))

    def log_scale(self, loc: Tensor) -> Tensor:
        """The learned scale, floored."""
        return _floored(self.raw_log_scale).expand_as(loc)


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
        """The learned scales, floored."""
        return _floored(self.raw_log_scale).expand_as(loc)


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
        """Centres at the mean, scales at a tenth of the range."""
        return torch.cat([mean, torch.full_like(mean, -2.3)])


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
        """All levels alike."""
        return mean.new_zeros(self.levels * len(mean))
