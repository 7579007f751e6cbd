"""The pullback structure of an immersion F of latent space in R^N: its metric is J^T J."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from vael.errors import InputError
from vael.geometry.forward import jacobian, push
from vael.geometry.second_order import SecondOrder
from vael.geometry.structure import CACHE, MEMORY, Segments, Structure, filled, solved, stacked

__all__ = ["Immersion"]

COPIES = 4  # arrays of the outputs' size that are alive at once, for each tangent


class Immersion(Structure):
    r"""Latent space with the metric that a map :math:`F: Z \to R^N` pulls back: :math:`G = J_F^T J_F`.

    Derivatives are by forward mode: a Jacobian-vector product for each latent, in chunks that fit the memory.

    See also: Shao et al. 2018, arXiv 1711.08014; Arvanitidis et al. 2018, arXiv 1710.11379.

    Arguments:
        function: F, which maps ``(n, latent)`` to ``(n, N)``, each row by itself.
        memory: Bytes that one call may use beside its arguments and its result.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], memory: int = MEMORY) -> None:
        super().__init__(memory)
        self._function = function
        self._outputs: int | None = None

    def value(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n ambient"]:
        """Return F(z); carries gradients. Not chunked."""
        return self._function(z)

    def pushed(self, z: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return F(z) and ``J v``, ``(n, ambient)`` each. Not chunked."""
        return push(self._function, z, v)

    def value_and_jacobian(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return F(z), ``(n, ambient)``, and J with its tangents first: ``(latent, n, ambient)``."""
        return jacobian(self._function, z, 0)

    def factor(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n ambient latent"]:
        """Return the Jacobian. Not chunked."""
        return self.value_and_jacobian(z)[1].movedim(0, -1)

    def second(self, z: Tensor, u: Tensor, v: Tensor) -> Float[Tensor, "n ambient"]:
        """Return :math:`D^2 F[u, v]`, the second derivative along two directions. Not chunked."""
        with SecondOrder():
            return push(lambda y: self.pushed(y, u)[1], z, v)[1]

    def metric(self, z: Float[Tensor, "n latent"]) -> Float[Tensor, "n latent latent"]:
        """Return ``J^T J``."""
        latent = z.shape[1]
        parts = self.parts(len(z), self.cost(latent), budget=CACHE)

        def gram(part: slice) -> Tensor:
            J = self.value_and_jacobian(z[part])[1]
            return _gram(J, J)

        return filled(gram, parts, z, (len(z), latent, latent))

    def chords(
        self, a: Float[Tensor, "n latent"], b: Float[Tensor, "n latent"]
    ) -> Float[Tensor, "n ambient"]:
        """Return ``F(b) - F(a)``; carries gradients. Not chunked."""
        start, end = self._function(torch.cat([a, b])).chunk(2)
        return end - start

    def squares(self, curves: Float[Tensor, "c points latent"]) -> Float[Tensor, "c segments"]:
        """Return ``|F(z_{i+1}) - F(z_i)|^2``."""

        def chords(part: slice) -> Tensor:
            return self._values(curves[part]).diff(dim=1).square().sum(-1)

        return filled(chords, self._curves(curves, 1), curves, (len(curves), curves.shape[1] - 1))

    def gradient(self, curves: Float[Tensor, "c points latent"]) -> tuple[Tensor, Tensor]:
        """Return the squared chords, and ``J_i^T (2 F_i - F_{i-1} - F_{i+1})`` at the inner points."""
        squares: list[Tensor] = []
        gradients: list[Tensor] = []
        for part in self._curves(curves, 2):
            with torch.enable_grad():
                z = curves[part].detach().requires_grad_()
                F = self._values(z)
            steps = F.detach().diff(dim=1)
            squares.append(steps.square().sum(-1))
            bend = torch.zeros_like(F)
            bend[:, 1:-1] = -steps.diff(dim=1)
            gradients.append(torch.autograd.grad(F, z, bend)[0][:, 1:-1])
        _, points, latent = curves.shape
        return (
            stacked(squares, curves, (0, points - 1)),
            stacked(gradients, curves, (0, points - 2, latent)),
        )

    def segments(self, curves: Float[Tensor, "c points latent"]) -> Segments:
        """Return chords and Gram matrices of the Jacobians at neighbouring points."""
        latent, points = curves.shape[-1], curves.shape[1]
        found = [self._segments(curves[part]) for part in self._curves(curves, 1 + latent)]
        squares, gradients, gram, cross = zip(*found) if found else ((), (), (), ())
        every = stacked(list(gram), curves, (0, points, latent, latent))
        return Segments(
            squares=stacked(list(squares), curves, (0, points - 1)),
            gradient=stacked(list(gradients), curves, (0, points - 2, latent)),
            start=every[:, :-1],
            cross=-stacked(list(cross), curves, (0, points - 1, latent, latent)),
            end=every[:, 1:],
        )

    def _segments(self, curves: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        c, points, latent = curves.shape
        F, J = self.value_and_jacobian(curves.reshape(-1, latent))
        steps = F.unflatten(0, (c, points)).diff(dim=1)
        along = J.unflatten(1, (c, points))
        gradient = -torch.einsum("dctn,ctn->ctd", along[:, :, 1:-1], steps.diff(dim=1))
        gram = _gram(J, J).unflatten(0, (c, points))
        before, after = along[:, :, :-1].flatten(1, 2), along[:, :, 1:].flatten(1, 2)
        cross = _gram(before, after).unflatten(0, (c, points - 1))
        return steps.square().sum(-1), gradient, gram, cross

    def acceleration(self, z: Tensor, v: Tensor, w: Tensor) -> Float[Tensor, "n latent"]:
        """Return ``-J^+ D^2F[v, w]``: no Christoffel symbol is made; NaN where J is singular."""
        with SecondOrder():  # of J too: what differentiates this has its second derivatives
            J, bend = self.factor(z), self.second(z, v, w)
        gram = torch.einsum("nai,naj->nij", J, J)
        return -solved(gram, torch.einsum("nai,na->ni", J, bend))

    def outputs(self, z: Tensor) -> int:
        """N, found by a call where it is not known yet."""
        if self._outputs is None:
            with torch.no_grad():
                found = self._function(z[:1].detach())
            if found.dim() != 2 or found.shape[0] != 1:
                raise InputError(
                    f"an immersion maps (n, {z.shape[1]}) to (n, N), but this one makes {tuple(found.shape)} "
                    "of one point"
                )
            self._outputs = found.shape[1]
        return self._outputs

    def cost(self, latent: int) -> int:
        """Bytes that one point takes while its Jacobian is computed."""
        outputs = self._outputs or 1024
        return COPIES * (1 + latent) * outputs * 8

    def _values(self, curves: Tensor) -> Tensor:
        return self._function(curves.reshape(-1, curves.shape[-1])).unflatten(0, curves.shape[:2])

    def _curves(self, curves: Tensor, arrays: int) -> list[slice]:
        """Slices of whole curves, small enough for the caches where that still is worth a call."""
        if not len(curves):
            return []
        each = COPIES * arrays * self.outputs(curves[0]) * curves.element_size() * curves.shape[1]
        return list(self.parts(len(curves), each, budget=max(CACHE, each)))


def _gram(a: Tensor, b: Tensor) -> Tensor:
    """``A^T B`` of Jacobians with their tangents first, ``(latent, n, ambient)``: ``(n, latent, latent)``."""
    return torch.einsum("inm,jnm->nij", a, b)
