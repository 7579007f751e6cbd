"""What a Riemannian structure must offer: everything else in this room is computed from that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["CACHE", "MEMORY", "Segments", "Structure", "filled", "solved", "stacked"]

MEMORY = 2**28  # bytes that one call may use beside its arguments and its result
CACHE = 2**24  # bytes of a chunk: small enough for the processor's caches, large enough to be worth a call


@dataclass(frozen=True)
class Segments:
    r"""The chords of discrete curves, and what a Gauss-Newton step on their energy needs.

    A chord :math:`r_i(z_i, z_{i+1})` is a vector whose norm is the length of a short segment. With
    :math:`A_i = \partial r_i / \partial z_i` and :math:`B_i = \partial r_i / \partial z_{i+1}`:

    Attributes:
        squares: :math:`|r_i|^2`, of shape ``(curves, T)``.
        gradient: Of half the sum of the squares, at the inner points, ``(curves, T - 1, latent)``.
        start: :math:`A_i^T A_i`, ``(curves, T, latent, latent)``.
        cross: :math:`A_i^T B_i`, of the same shape.
        end: :math:`B_i^T B_i`, of the same shape.
    """

    squares: Tensor
    gradient: Tensor
    start: Tensor
    cross: Tensor
    end: Tensor

    def take(self, rows: Tensor) -> Segments:
        """Return those of some curves."""
        return Segments(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


class Structure(ABC):
    """A Riemannian structure on latent space.

    Points are flat, ``(n, latent)``; curves are ``(c, T + 1, latent)``.

    Arguments:
        memory: Bytes that one call may use beside its arguments and its result.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self.memory = memory

    @abstractmethod
    def factor(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n ambient latent"]:
        """Return A with ``A^T A = G``: the Jacobian, where there is an immersion. Not chunked."""

    @abstractmethod
    def metric(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent latent"]:
        """Return the metric tensor G."""

    @abstractmethod
    def chords(
        self, a: Float[Tensor, "n latent"], b: Float[Tensor, "n latent"]
    ) -> Float[Tensor, "n ambient"]:
        """Return vectors whose norms are the lengths of short segments; carries gradients. Not chunked."""

    @abstractmethod
    def squares(self, curves: Float[Tensor, "c points latent"]) -> Float[Tensor, "c segments"]:
        """Return the squared lengths of the chords between consecutive points."""

    @abstractmethod
    def gradient(self, curves: Float[Tensor, "c points latent"]) -> tuple[Tensor, Tensor]:
        """Return `squares`, and the gradient of half their sum at the inner points."""

    @abstractmethod
    def segments(self, curves: Float[Tensor, "c points latent"]) -> Segments:
        """Return all that a Gauss-Newton step needs."""

    @abstractmethod
    def acceleration(
        self, z: Float[Tensor, "n latent"], v: Float[Tensor, "n latent"], w: Float[Tensor, "n latent"]
    ) -> Float[Tensor, "n latent"]:
        r"""Return :math:`-\Gamma^k_{ij} v^i w^j`: of a geodesic where ``v = w``, of transport where not."""

    @abstractmethod
    def cost(self, latent: int) -> int:
        """Bytes that one point takes while its Jacobian is computed."""

    def parts(self, n: int, bytes_each: int, *, budget: int | None = None) -> Iterator[slice]:
        """Give slices of n items that fit the memory."""
        size = max(1, min(self.memory, budget or self.memory) // max(1, bytes_each))
        for start in range(0, n, size):
            yield slice(start, min(start + size, n))


def stacked(parts: list[Tensor], like: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Join chunks; of none, an empty tensor."""
    return torch.cat(parts) if parts else like.new_empty(shape)


def filled(
    function: Callable[[slice], Tensor], parts: Iterable[slice], like: Tensor, shape: tuple[int, ...]
) -> Tensor:
    """Compute a result chunk by chunk in its place.

    Small chunks that were kept until the end would pin what lay around them in memory: gigabytes of it.
    """
    whole = like.new_empty(shape)
    for part in parts:
        chunk = function(part)
        if len(chunk) == len(whole):
            return chunk
        whole[part] = chunk
    return whole


def solved(metric: Tensor, lowered: Tensor) -> Tensor:
    """Solve ``G x = y`` for vectors, ``(n, latent)``; NaN where G is singular, which spoils no other item."""
    found, info = torch.linalg.solve_ex(metric, lowered)
    return torch.where((info != 0).unsqueeze(-1), torch.nan, found)
