"""Structures that are known by the length of their short segments, and by their metric."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from vael.geometry.forward import jacobian, push
from vael.geometry.second_order import SecondOrder
from vael.geometry.structure import CACHE, MEMORY, Segments, Structure, filled, solved, stacked

__all__ = ["Chorded", "MetricField", "NormalFisherRao"]


class Chorded(Structure):
    """A structure without an immersion: chords and metric are given, the rest is derived from them."""

    @abstractmethod
    def tensor(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent latent"]:
        """Return the metric tensor; carries gradients. Not chunked."""

    @abstractmethod
    def cost(self, latent: int) -> int:
        """Bytes that one point takes while its Jacobian is computed."""

    def metric(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent latent"]:
        """Return the metric tensor."""
        parts = self.parts(len(z), self.cost(z.shape[1]), budget=CACHE)
        return filled(lambda part: self.tensor(z[part]), parts, z, (len(z), z.shape[1], z.shape[1]))

    def squares(self, curves: Float[Tensor, "c points latent"]) -> Float[Tensor, "c segments"]:
        """Return the squared lengths of the chords."""

        def chords(part: slice) -> Tensor:
            return self._chords(curves[part]).square().sum(-1)

        return filled(chords, self._curves(curves), curves, (len(curves), curves.shape[1] - 1))

    def gradient(self, curves: Float[Tensor, "c points latent"]) -> tuple[Tensor, Tensor]:
        """Return the squared chords, and the gradient of half their sum, by reverse mode."""
        squares: list[Tensor] = []
        gradients: list[Tensor] = []
        for part in self._curves(curves):
            with torch.enable_grad():
                z = curves[part].detach().requires_grad_()
                lengths = self._chords(z).square().sum(-1)
                (slope,) = torch.autograd.grad(0.5 * lengths.sum(), z)
            squares.append(lengths.detach())
            gradients.append(slope[:, 1:-1])
        _, points, latent = curves.shape
        return (
            stacked(squares, curves, (0, points - 1)),
            stacked(gradients, curves, (0, points - 2, latent)),
        )

    def segments(self, curves: Float[Tensor, "c points latent"]) -> Segments:
        """Return chords and the products of their Jacobians."""
        latent, points = curves.shape[-1], curves.shape[1]
        found = [self._segments(curves[part]) for part in self._curves(curves)]
        squares, gradients, start, cross, end = zip(*found) if found else ((),) * 5
        square = (0, points - 1, latent, latent)
        return Segments(
            squares=stacked(list(squares), curves, (0, points - 1)),
            gradient=stacked(list(gradients), curves, (0, points - 2, latent)),
            start=stacked(list(start), curves, square),
            cross=stacked(list(cross), curves, square),
            end=stacked(list(end), curves, square),
        )

    def _segments(self, curves: Tensor) -> tuple[Tensor, ...]:
        c, points, latent = curves.shape
        a, b = curves[:, :-1].reshape(-1, latent), curves[:, 1:].reshape(-1, latent)
        r, A = jacobian(lambda x: self.chords(x, b), a)
        B = jacobian(lambda x: self.chords(a, x), b)[1]
        pull_a, pull_b = ((M.mT @ r.unsqueeze(-1)).squeeze(-1).unflatten(0, (c, points - 1)) for M in (A, B))
        gradient = pull_b[:, :-1] + pull_a[:, 1:]
        products = (M.mT @ N for M, N in ((A, A), (A, B), (B, B)))
        squares = r.square().sum(-1).unflatten(0, (c, points - 1))
        return squares, gradient, *(P.unflatten(0, (c, points - 1)) for P in products)

    def acceleration(self, z: Tensor, v: Tensor, w: Tensor) -> Float[Tensor, "n latent"]:
        """Return the Christoffel symbols' product with v and w, negative, from derivatives of the metric."""

        def product(y: Tensor) -> Tensor:
            return torch.einsum("nij,ni,nj->n", self.tensor(y), v, w)

        with SecondOrder():
            g, along_v = push(self.tensor, z, v)
            along_w = push(self.tensor, z, w)[1]
            across = jacobian(product, z)[1]
        lowered = torch.einsum("nij,nj->ni", along_v, w) + torch.einsum("nij,nj->ni", along_w, v) - across
        return -0.5 * solved(g, lowered)

    def _chords(self, curves: Tensor) -> Tensor:
        latent = curves.shape[-1]
        r = self.chords(curves[:, :-1].reshape(-1, latent), curves[:, 1:].reshape(-1, latent))
        return r.unflatten(0, (curves.shape[0], curves.shape[1] - 1))

    def _curves(self, curves: Tensor) -> list[slice]:
        each = self.cost(curves.shape[-1]) * curves.shape[1]
        return list(self.parts(len(curves), each, budget=max(CACHE, each)))


class MetricField(Chorded):
    """A metric given directly, as a function of the point.

    Arguments:
        function: Maps ``(n, latent)`` to symmetric positive definite ``(n, latent, latent)``.
        memory: Bytes that one call may use.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], memory: int = MEMORY) -> None:
        super().__init__(memory)
        self._function = function

    def tensor(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent latent"]:
        """Return the metric tensor, made symmetric."""
        g = self._function(z)
        return 0.5 * (g + g.mT)

    def factor(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent latent"]:
        """Return the transposed Cholesky factor of G."""
        return torch.linalg.cholesky(self.tensor(z)).mT

    def chords(self, a: Float[Tensor, "n latent"], b: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent"]:
        """Return ``L^T (b - a)`` with the Cholesky factor L of the metric half-way."""
        middle = self.factor((a + b) / 2)
        return (middle @ (b - a).unsqueeze(-1)).squeeze(-1)

    def cost(self, latent: int) -> int:
        """Bytes that one point takes."""
        return 16 * 8 * latent * latent * (1 + latent)


class NormalFisherRao(Chorded):
    r"""Diagonal normals under Fisher-Rao: :math:`ds^2 = \sum (d\mu^2 + 2 d\sigma^2) / \sigma^2`.

    The length of a short segment is the exact distance of the two laws, a half-plane's for each feature.

    Arguments:
        moments: Maps ``(n, latent)`` to means and standard deviations, each ``(n, features)``.
        chord: A vector whose norm is the distance of two such laws:
            `vael.geometry.statistical_maps.normal_fisher_rao_chord`.
        memory: Bytes that one call may use.
    """

    def __init__(
        self,
        moments: Callable[[Tensor], tuple[Tensor, Tensor]],
        chord: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
        memory: int = MEMORY,
    ) -> None:
        super().__init__(memory)
        self._moments = moments
        self._chord = chord

    def factor(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n ambient latent"]:
        """Return the derivatives of mean and scale, in units of the scale."""

        def both(y: Tensor) -> Tensor:
            return torch.stack(self._moments(y))

        (_, sigma), (d_mu, d_sigma) = jacobian(both, z)
        scale = sigma.unsqueeze(-1)
        return torch.cat([d_mu / scale, 2**0.5 * d_sigma / scale], dim=1)

    def tensor(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent latent"]:
        """Return the Fisher information."""
        A = self.factor(z)
        return A.mT @ A

    def chords(
        self, a: Float[Tensor, "n latent"], b: Float[Tensor, "n latent"]
    ) -> Float[Tensor, "n ambient"]:
        """Return vectors whose norms are the distances of the laws."""
        (mu_a, sigma_a), (mu_b, sigma_b) = self._moments(a), self._moments(b)
        return self._chord(mu_a, sigma_a, mu_b, sigma_b)

    def cost(self, latent: int) -> int:
        """Bytes that one point takes while its Jacobian is computed."""
        return 8 * (1 + latent) * 2 * 1024 * 8
