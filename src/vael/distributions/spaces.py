"""Spaces that latents may live in: flat space, the sphere, the Poincare ball."""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from vael.distributions.hyperbolic import (
    arsinh_ratio,
    moebius_sum,
    squared_norm,
    tanh_ratio,
    turned,
)
from vael.distributions.wide import wide
from vael.distributions.zonal import unit
from vael.errors import InputError

__all__ = ["Euclidean", "PoincareBall", "Space", "Sphere"]

Points = Float[Tensor, "... coordinates"]


class Space:
    """A space of constant curvature, by its exponential map and what goes with it.

    Points and tangent vectors are given by coordinates; leading axes broadcast. Results have the dtype that
    was given, and finite gradients where points coincide.

    Arguments:
        dim: Its dimension.
    """

    def __init__(self, dim: int) -> None:
        if dim < 1:
            raise InputError(f"dimension must be >= 1, got {dim}")
        self.dim = dim

    @property
    def coordinates(self) -> int:
        """How many coordinates a point has."""
        return self.dim

    @abstractmethod
    def exp(self, x: Points, v: Points) -> Tensor:
        """Go from x along the geodesic of velocity v, for one unit of time."""

    @abstractmethod
    def log(self, x: Points, y: Points) -> Tensor:
        """Return the velocity that takes x to y in one unit of time, by the shortest way."""

    @abstractmethod
    def distance(self, x: Points, y: Points) -> Tensor:
        """Length of the shortest way, of shape ``(*batch,)``; 0 exactly from a point to itself."""

    @abstractmethod
    def transport(self, x: Points, y: Points, v: Points) -> Tensor:
        """Carry a tangent vector v at x to y, in parallel along the shortest way."""

    @abstractmethod
    def project(self, x: Points) -> Tensor:
        """Return the nearest point of the space that the dtype can hold."""

    @abstractmethod
    def outside(self, x: Points) -> Tensor:
        """Tell which points, ``(*batch,)``, are none of the space's."""

    @property
    @abstractmethod
    def condition(self) -> str:
        """In words, what a point must fulfil."""

    def geodesic(self, x: Points, y: Points, t: Tensor | float) -> Tensor:
        """Points of the shortest way from x (t = 0) to y (t = 1); t broadcasts against the coordinates."""
        return self.exp(x, t * self.log(x, y))

    def check(self, x: Points, name: str = "points") -> None:
        """Refuse points that are none of the space's.

        Raises:
            InputError: If there is one; the message names the first row.
        """
        if x.shape[-1] != self.coordinates:
            raise InputError(f"{name} must have {self.coordinates} coordinates, got {x.shape[-1]}")
        wrong = self.outside(x).reshape(-1)
        if bool(wrong.any()):
            row = int(wrong.nonzero()[0])
            length = float(torch.linalg.vector_norm(wide(x.reshape(-1, x.shape[-1])[row])))
            raise InputError(
                f"{name}: {int(wrong.sum())} of {len(wrong)} points do not lie {self.condition}; the first "
                f"is row {row}, of length {length:.6g}"
            )


class Euclidean(Space):
    """Flat space R^dim."""

    @property
    def condition(self) -> str:
        """In words, what a point must fulfil."""
        return "in the space"

    def exp(self, x: Points, v: Points) -> Tensor:
        """Return x + v."""
        return x + v

    def log(self, x: Points, y: Points) -> Tensor:
        """Return y - x."""
        return y - x

    def distance(self, x: Points, y: Points) -> Tensor:
        """Length of y - x."""
        return torch.linalg.vector_norm(y - x, dim=-1)

    def transport(self, x: Points, y: Points, v: Points) -> Tensor:
        """Return v."""
        return v.expand(torch.broadcast_shapes(x.shape, y.shape, v.shape))

    def project(self, x: Points) -> Tensor:
        """Return x."""
        return x

    def outside(self, x: Points) -> Tensor:
        """Nowhere."""
        return torch.zeros(x.shape[:-1], dtype=torch.bool, device=x.device)

    def geodesic(self, x: Points, y: Points, t: Tensor | float) -> Tensor:
        """Points of the straight line."""
        return (1 - t) * x + t * y


class Sphere(Space):
    """The unit sphere: points are unit vectors of R^(dim + 1), tangent vectors are orthogonal to theirs.

    From a point to its opposite there is no one shortest way: one is taken, always the same.

    Arguments:
        dim: Its dimension: 2 for the ordinary sphere.
    """

    TOLERANCE = 1e-4  # of a point's length: what single precision loses, and six printed digits

    @property
    def coordinates(self) -> int:
        """How many coordinates a point has: dim + 1."""
        return self.dim + 1

    @property
    def condition(self) -> str:
        """In words, what a point must fulfil."""
        return "on the sphere (length 1)"

    def exp(self, x: Points, v: Points) -> Tensor:
        """Go along a great circle."""
        length = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
        return self.project(length.cos() * x + torch.sinc(length / torch.pi) * v)

    def log(self, x: Points, y: Points) -> Tensor:
        """Velocity along the great circle, of length `distance`."""
        across = y - x
        for _ in range(2):  # the second time takes away what rounding left along x, all there is near -x
            across = across - (x * across).sum(-1, keepdim=True) * x
        length = torch.linalg.vector_norm(across, dim=-1, keepdim=True)
        angle = self.distance(x, y).unsqueeze(-1)
        ahead = across / torch.where(length > 0, length, 1)
        opposite = (length < 16 * torch.finfo(x.dtype).eps) & (angle > 1)
        ahead = torch.where(opposite, _across(x), ahead)
        near = angle < 1e-3  # where `ahead` is a quotient of small numbers
        little = torch.where(near, angle, 0)
        return torch.where(near, (1 + little.square() / 6) * across, torch.where(near, 0, angle) * ahead)

    def distance(self, x: Points, y: Points) -> Tensor:
        """Angle, ``2 atan2(|x - y|, |x + y|)``: right for the nearest and the farthest points."""
        near = torch.linalg.vector_norm(x - y, dim=-1)
        return 2 * torch.atan2(near, torch.linalg.vector_norm(x + y, dim=-1))

    def transport(self, x: Points, y: Points, v: Points) -> Tensor:
        """Carry v along the great circle from x to y, which must not be opposite."""
        share = (y * v).sum(-1, keepdim=True) / (1 + (x * y).sum(-1, keepdim=True))
        return v - share * (x + y)

    def project(self, x: Points) -> Tensor:
        """Divide by the length; the origin goes to the first axis."""
        return unit(x)

    def outside(self, x: Points) -> Tensor:
        """Tell which points' length differs from 1 by more than 1e-4."""
        return ~((torch.linalg.vector_norm(wide(x), dim=-1) - 1).abs() <= self.TOLERANCE)


class PoincareBall(Space):
    r"""The Poincare ball of curvature -c: points shorter than 1 / sqrt(c), lambda^2 times the flat metric.

    .. math:: \lambda_x = \frac{2}{1 - c |x|^2}

    Formulas: Ganea 2018 (arXiv 1805.09112), section 2, in the forms that lose no digits. They are evaluated
    in float64, so that what limits them is how near the border the points' own dtype can come: distances of
    15 / sqrt(c) from the origin in float32, 34 / sqrt(c) in float64.

    Arguments:
        dim: Its dimension.
        curvature: c > 0, a number or a tensor without axes, which may carry gradients.
    """

    def __init__(self, dim: int, curvature: float | Tensor = 1.0) -> None:
        super().__init__(dim)
        if not isinstance(curvature, Tensor) and not 0 < curvature < float("inf"):
            raise InputError(f"the curvature is -c with a finite c > 0, got c = {curvature}")
        self.curvature = curvature

    @property
    def condition(self) -> str:
        """In words, what a point must fulfil."""
        return f"in the ball (length below {1 / float(self.curvature) ** 0.5:g})"

    def exp(self, x: Points, v: Points) -> Tensor:
        """Go along a geodesic: v is in coordinates, of Riemannian length lambda |v|."""
        return self.from_normal(x, wide(v) * self.scale(x), like=x)

    def log(self, x: Points, y: Points) -> Tensor:
        """Velocity in coordinates; lambda times its length is the distance."""
        return (self._to_normal(x, y) / self.scale(x)).to(x.dtype)

    def from_normal(self, x: Points, u: Points, like: Tensor | None = None) -> Tensor:
        """Go from x by u in an orthonormal frame, whose length is the distance: exp(x, u / lambda)."""
        c = wide(self._c(x))
        x, dtype = wide(x), (u if like is None else like).dtype
        u = wide(u)
        y = 0.5 * tanh_ratio(c * squared_norm(u) / 4) * u
        return self.project(moebius_sum(x, y, c).to(dtype))

    def to_normal(self, x: Points, y: Points) -> Tensor:
        """Return u such that ``from_normal(x, u)`` is y."""
        return self._to_normal(x, y).to(x.dtype)

    def _to_normal(self, x: Points, y: Points) -> Tensor:
        c = wide(self._c(x))
        x, y = wide(x), wide(y)
        step = y - x
        square = squared_norm(step)
        at_x, at_y = 1 - c * squared_norm(x), 1 - c * squared_norm(y)
        ahead = at_x * step - c * square * x
        product = at_x * at_y
        ratio = 2 * arsinh_ratio(c * square / product) * product.rsqrt()
        return ratio * ahead * (product + c * square).rsqrt()

    def distance(self, x: Points, y: Points) -> Tensor:
        """``2 / sqrt(c) arsinh(sqrt(c) |x - y| / sqrt((1 - c |x|^2) (1 - c |y|^2)))``."""
        c = wide(self._c(x))
        dtype = x.dtype
        x, y = wide(x), wide(y)
        product = (1 - c * squared_norm(x)) * (1 - c * squared_norm(y))
        apart = torch.linalg.vector_norm(x - y, dim=-1, keepdim=True)
        root = c.sqrt()
        return (2 / root * torch.asinh(root * apart * product.rsqrt())).squeeze(-1).to(dtype)

    def transport(self, x: Points, y: Points, v: Points) -> Tensor:
        """Carry v, in coordinates, along the geodesic from x to y."""
        c, dtype = wide(self._c(x)), v.dtype
        x, y, v = wide(x), wide(y), wide(v)
        return (self.scale(x) / self.scale(y) * turned(y, -x, v, c)).to(dtype)

    def scale(self, x: Points) -> Tensor:
        """Return lambda_x in float64, ``(*batch, 1)``: what a length in coordinates is multiplied by."""
        return 2 / (1 - wide(self._c(x)) * squared_norm(wide(x)))

    def project(self, x: Points) -> Tensor:
        """Draw points near or beyond the border back to where the dtype still tells them from it."""
        longest = (1 - 4 * torch.finfo(x.dtype).eps) * wide(self._c(x)).rsqrt()
        length = torch.linalg.vector_norm(wide(x), dim=-1, keepdim=True)
        far = length > longest
        return torch.where(far, x * (longest / torch.where(far, length, 1)).to(x.dtype), x)

    def outside(self, x: Points) -> Tensor:
        """Tell which points are not inside the border."""
        return ~(wide(self._c(x)) * squared_norm(wide(x)).squeeze(-1) < 1)

    def _c(self, like: Tensor) -> Tensor:
        c = self.curvature
        return c if isinstance(c, Tensor) else torch.tensor(c, dtype=wide(like).dtype, device=like.device)


def _across(x: Tensor) -> Tensor:
    """A unit vector orthogonal to x: of the axis that x has least of."""
    least = torch.zeros_like(x).scatter(-1, x.abs().argmin(-1, keepdim=True), 1.0)
    return unit(least - (x * least).sum(-1, keepdim=True) * x)
