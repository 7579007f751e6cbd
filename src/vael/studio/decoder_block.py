"""A decoder as numbers for a page that has no server; `studio/src/runtime/mlp.ts` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from vael.models import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Decoder,
    FeatureGaussian,
    FixedGaussian,
    SharedGaussian,
)
from vael.nn import MLP, GatedMLP, Linear
from vael.nn.activations import ACTIVATIONS

__all__ = ["DecoderBlock", "decoder_block"]

HALF_ABOVE = 3 * 10**6
"""Bytes of single precision above which weights are written in half precision."""


@dataclass(frozen=True, eq=False)
class DecoderBlock:
    """A multilayer perceptron's numbers, and what is made of its outputs.

    Attributes:
        facts: `layers` of inputs, outputs and activation; the `mean` of the law; `levels` of a categorical
            one.
        numbers: Weights (outputs x inputs) and biases of each layer in turn: float32, or the bits of float16
            as uint16.
    """

    facts: dict[str, Any]
    numbers: np.ndarray

    @property
    def half(self) -> bool:
        """Whether the numbers are of half precision."""
        return self.numbers.dtype == np.uint16


def decoder_block(decoder: nn.Module, half_above: int = HALF_ABOVE) -> DecoderBlock | None:
    """Write a decoder as numbers; None for a network or a law that the page's runtime does not know."""
    if type(decoder) is not Decoder:
        return None
    mean, levels = _mean_of(decoder.likelihood)
    layers = _layers(decoder.net)
    if mean is None or layers is None:
        return None
    parts: list[np.ndarray] = []
    for layer, _ in layers:
        parts += [t.detach().cpu().float().numpy().ravel() for t in (layer.weight, layer.bias)]
    numbers = np.concatenate(parts)
    if numbers.nbytes > half_above and np.abs(numbers).max() < np.finfo(np.float16).max:
        numbers = numbers.astype(np.float16).view(np.uint16)
    facts = {
        "layers": [
            {"inputs": layer.in_features, "outputs": layer.out_features, "activation": activation}
            for layer, activation in layers
        ],
        "mean": mean,
        "levels": levels,
    }
    return DecoderBlock(facts, numbers)


def _mean_of(likelihood: nn.Module) -> tuple[str | None, int]:
    if isinstance(likelihood, Bernoulli):
        return "bernoulli", 2
    if isinstance(likelihood, ContinuousBernoulli):
        return "continuous-bernoulli", 2
    if isinstance(likelihood, FixedGaussian | SharedGaussian | FeatureGaussian):
        return "gaussian", 2
    if isinstance(likelihood, Categorical):
        return "categorical", likelihood.levels
    return None, 0


def _layers(net: nn.Module) -> list[tuple[nn.Linear, str]] | None:
    """Affine maps with the activation that follows each; None for other networks."""
    if type(net) is Linear:
        return [(net.output, "none")]
    if type(net) is GatedMLP:
        gates: list[Any] = list(net.hidden)
        return [*((gate.both, "gate") for gate in gates), (net.output, "none")]
    if type(net) is not MLP:
        return None
    found: list[tuple[nn.Linear, str]] = []
    steps = list(net.hidden)
    for affine, after in zip(steps[::2], steps[1::2], strict=True):
        name = next((name for name, kind in ACTIVATIONS.items() if type(after) is kind), None)
        if name is None or not isinstance(affine, nn.Linear):
            return None
        found.append((affine, name))
    return [*found, (net.output, "none")]
