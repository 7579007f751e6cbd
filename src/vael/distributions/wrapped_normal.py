"""The wrapped normal law on the Poincare ball."""

from __future__ import annotations

from typing import Any

from torch import Size, Tensor

from vael.distributions.hyperbolic import log_sinh_ratio, squared_norm
from vael.distributions.law import Law
from vael.distributions.normal import HALF_LOG_2PI
from vael.distributions.spaces import PoincareBall
from vael.distributions.wide import wide

__all__ = ["WrappedNormal"]


class WrappedNormal(Law):
    r"""A normal law in the tangent space of a point, carried onto the ball by the exponential map.

    .. math:: z = \exp_\mu(u / \lambda_\mu), \quad u \sim N(0, \sigma^2), \qquad
        \ln p(z) = \ln N(u; 0, \sigma^2) - (d - 1) \ln \frac{\sinh(\sqrt c\, r)}{\sqrt c\, r},
        \quad r = d(\mu, z)

    (Nagano 2019, arXiv 1902.02992, eq. 8; Mathieu 2019, arXiv 1901.06033, section 3.1.) The density is per
    unit of hyperbolic volume; per unit of the coordinates' it is :math:`\lambda_z^d` times as large. The
    entropy and the KL have no closed forms.

    Arguments:
        loc: The centre mu, points of the ball of shape ``(*batch, dim)``.
        log_scale: ln sigma, of distances in an orthonormal frame; any shape that broadcasts to `loc`.
        curvature: The ball's c > 0; a tensor without axes may carry gradients.
    """

    flat = False

    def __init__(self, loc: Tensor, log_scale: Tensor, curvature: float | Tensor = 1.0) -> None:
        self.loc = loc
        self.log_scale = log_scale
        self.curvature = curvature
        super().__init__(loc.shape[:-1], loc.shape[-1:])

    @property
    def space(self) -> PoincareBall:
        """The ball."""
        return PoincareBall(self.event_shape[0], self.curvature)

    @property
    def _like(self) -> Tensor:
        return self.loc

    @property
    def mean(self) -> Tensor:
        """The centre: the mean in the ball (Frechet's), which is no average of coordinates."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """The centre."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variance sigma^2 of each direction of the orthonormal frame at the centre: of distances."""
        return (2 * self.log_scale).exp().expand_as(self.loc)

    def distort(self, noise: Tensor) -> Tensor:
        """Scale the noise, and go as far from the centre."""
        return self.space.from_normal(self.loc, wide(self.log_scale).exp() * noise, like=self.loc)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats, per unit of hyperbolic volume."""
        ball, d = self.space, self.event_shape[0]
        u = ball.to_normal(wide(self.loc), wide(value))
        log_scale = wide(self.log_scale).expand(*self.log_scale.shape[:-1], d)
        square = squared_norm(u)
        c = wide(self.curvature) if isinstance(self.curvature, Tensor) else self.curvature
        spread = (d - 1) * log_sinh_ratio(c * square).squeeze(-1)
        normal = -0.5 * (u * (-log_scale).exp()).square().sum(-1) - log_scale.sum(-1) - d * HALF_LOG_2PI
        return (normal - spread).to(self.loc.dtype)

    def expand(self, batch_shape: Any, _instance: Any = None) -> WrappedNormal:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        shape = Size(batch_shape) + self.event_shape
        return WrappedNormal(self.loc.expand(shape), self.log_scale.expand(shape), self.curvature)
