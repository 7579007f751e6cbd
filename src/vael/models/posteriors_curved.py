"""Families of posteriors q(z|x) on curved spaces: the sphere and the Poincare ball."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from vael.distributions import PoincareBall, PowerSpherical, Sphere, VonMisesFisher, WrappedNormal
from vael.models.posteriors import Posterior
from vael.specification import part

__all__ = ["PowerSphericalPosterior", "VonMisesFisherPosterior", "WrappedNormalPosterior"]


@part
class VonMisesFisherPosterior(Posterior):
    """Von Mises-Fisher laws: the network gives a vector along the mean direction, then ln kappa.

    Arguments:
        latent: Dimension of the sphere; its points have one coordinate more.
    """

    @property
    def outputs(self) -> int:
        """A vector of latent + 1 coordinates, and a concentration."""
        return self.latent + 2

    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> VonMisesFisher:
        """Return the law, of event shape ``(latent + 1,)``."""
        direction = Sphere(self.latent).project(parameters[..., :-1])
        return VonMisesFisher(direction, parameters[..., -1].exp())


@part
class PowerSphericalPosterior(Posterior):
    """Power spherical laws: the network gives a vector along the mean direction, then ln kappa.

    Arguments:
        latent: Dimension of the sphere; its points have one coordinate more.
    """

    @property
    def outputs(self) -> int:
        """A vector of latent + 1 coordinates, and a concentration."""
        return self.latent + 2

    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> PowerSpherical:
        """Return the law, of event shape ``(latent + 1,)``."""
        direction = Sphere(self.latent).project(parameters[..., :-1])
        return PowerSpherical(direction, parameters[..., -1].exp())


@part
class WrappedNormalPosterior(Posterior):
    """Wrapped normals on the Poincare ball of radius 1.

    The network gives the centre as seen from the origin (its distance is the vector's length), then
    logarithms of standard deviations, which are distances.

    Arguments:
        latent: Dimension of the ball.
    """

    @property
    def outputs(self) -> int:
        """Two a latent."""
        return 2 * self.latent

    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> WrappedNormal:
        """Return the law."""
        seen, log_scale = parameters.chunk(2, dim=-1)
        origin = seen.new_zeros(self.latent)
        return WrappedNormal(PoincareBall(self.latent).from_normal(origin, seen), log_scale)
