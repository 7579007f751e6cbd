"""A manifold in double precision, where second derivatives keep their digits."""

from __future__ import annotations

import copy

import torch

from vael.errors import InputError
from vael.geometry.decoders import DecoderImmersion
from vael.geometry.immersion import Immersion
from vael.geometry.manifold import Manifold

__all__ = ["in_double"]


@torch.no_grad()
def in_double(manifold: Manifold) -> Manifold:
    """Return the manifold where its decoder computes in double precision, else a copy that does.

    Raises:
        InputError: If the decoder cannot be copied to double precision: a function with its own arrays.
    """
    like = manifold.like
    if like is None or like.dtype == torch.float64:
        _probe(manifold)
        return manifold
    function = manifold.structure._function if isinstance(manifold.structure, Immersion) else None  # pyright: ignore[reportPrivateUsage]
    if not isinstance(function, DecoderImmersion):
        raise _not_copied(None)
    own = copy.deepcopy(function)
    for module in own.modules:
        module.double()
    made = copy.copy(manifold)
    made.__dict__.pop("graph", None)  # is of single precision
    made.structure = Immersion(own, manifold.structure.memory)
    made.like = like.double()
    made.data = None if manifold.data is None else manifold.data.double()
    _probe(made)
    return made


def _probe(manifold: Manifold) -> None:
    """Raise unless one point in double precision can be decoded."""
    if manifold.latent is None and manifold.data is None:
        return
    latent = manifold.data.shape[1] if manifold.data is not None else manifold.latent or 1
    z = torch.zeros(1, latent, dtype=torch.float64) if manifold.data is None else manifold.data[:1].double()
    try:
        manifold.structure.metric(manifold.read(z).flat)
    except RuntimeError as error:
        raise _not_copied(error) from error


def _not_copied(cause: Exception | None) -> InputError:
    told = f" ({str(cause).splitlines()[0]})" if cause is not None else ""
    return InputError(
        f"the decoder is of single precision and cannot be copied to double{told}: make the manifold in "
        'double precision, vae.manifold(X, precision="float64")'
    )
