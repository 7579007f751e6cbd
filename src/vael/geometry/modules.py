"""What the modules of a decoder tell: their mode, their latents, their activations."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.distributions import Distribution

from vael.models import LatentVariableModel

__all__ = ["evaluating", "latent_dimension", "modules_of", "piecewise_linear", "reference_tensor"]


def modules_of(decoder: Any) -> list[nn.Module]:
    """Return the modules that a decoder is: of a list all, of a method its owner, of a function none."""
    if isinstance(decoder, (list, tuple)):
        return [module for each in decoder for module in modules_of(each)]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(decoder, LatentVariableModel):
        return modules_of(decoder.decoder)
    if isinstance(decoder, nn.Module):
        return [decoder]
    owner = getattr(decoder, "__self__", None)
    return [owner] if isinstance(owner, nn.Module) else []


@contextmanager
def evaluating(modules: Iterable[nn.Module]) -> Generator[None]:
    """Put modules in evaluation mode inside the context, and each of their parts back as it was.

    Laws are built without validation inside: it looks at values, which `torch.func.vmap` cannot.
    """
    trained = [part for module in modules for part in module.modules() if part.training]
    checked = Distribution._validate_args  # pyright: ignore[reportPrivateUsage]
    for part in trained:
        part.training = False
    Distribution.set_default_validate_args(False)
    try:
        yield
    finally:
        for part in trained:
            part.training = True
        Distribution.set_default_validate_args(checked)


def reference_tensor(decoder: Any) -> Tensor | None:
    """Return a floating-point parameter or buffer, whose dtype and device points are brought to, or None."""
    for module in modules_of(decoder):
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                return tensor
    return None


def latent_dimension(decoder: Any) -> int | None:
    """Return the number of latents: the prior's, or the inputs of the first layer; None if neither is known.

    A layer that is defined first and used later misleads; give the number where that is so.
    """
    if isinstance(decoder, LatentVariableModel) and decoder.prior is not None:
        try:
            (latent,) = decoder.prior().event_shape
        except (TypeError, ValueError):
            pass
        else:
            return int(latent)
    for module in modules_of(decoder):
        for part in module.modules():
            if type(part).__module__.startswith("zuko"):
                return None  # its layers take the features beside the latents
            if isinstance(part, nn.Linear):
                return part.in_features
            if isinstance(part, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
                return part.in_channels
    return None


_PIECEWISE_LINEAR = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ReLU6,
    nn.RReLU,
    nn.Hardtanh,
    nn.Hardsigmoid,
    nn.Hardshrink,
    nn.Softshrink,
    nn.Threshold,
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.MaxPool3d,
    nn.AdaptiveMaxPool1d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveMaxPool3d,
)


def piecewise_linear(decoder: Any) -> str | None:
    """Return the name of a piecewise-linear activation among a decoder's modules, or None.

    Its second derivative is zero wherever it has one, so that nothing that bends can be computed from it.
    Activations that are called as functions are not seen.
    """
    for module in modules_of(decoder):
        for part in module.modules():
            if isinstance(part, _PIECEWISE_LINEAR):
                return type(part).__name__
    return None
