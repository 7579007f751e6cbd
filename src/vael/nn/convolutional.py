"""Convolutional networks for images of any size from 8 x 8 and any channel count.

Rows come and go flat, in height, width, channel order, as data sets hold them; inside, images have
torch's channel, height, width order.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vael.errors import InputError
from vael.nn.activations import activation as make_activation
from vael.specification import part

__all__ = ["ConvolutionalDecoder", "ConvolutionalEncoder", "FromImages", "ToImages", "image_chw"]


def image_chw(image_shape: Sequence[int]) -> tuple[int, int, int]:
    """Return (channels, height, width) for ``(H, W)`` or ``(H, W, C)``."""
    if len(image_shape) not in (2, 3):
        raise InputError(f"image_shape must be (H, W) or (H, W, C), got {tuple(image_shape)}")
    height, width = image_shape[:2]
    return (image_shape[2] if len(image_shape) == 3 else 1), height, width


@part
class ToImages(nn.Module):
    """Flat rows to images: ``(batch, H * W * C)`` to ``(batch, C, H, W)``."""

    def __init__(self, image_shape: Sequence[int]) -> None:
        super().__init__()
        self.channels, self.height, self.width = image_chw(image_shape)

    def forward(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch c h w"]:
        """Reshape a batch."""
        return x.reshape(-1, self.height, self.width, self.channels).permute(0, 3, 1, 2)


@part
class FromImages(nn.Module):
    """Images to flat rows, parameter blocks kept apart.

    ``(batch, blocks * C, H, W)`` to ``(batch, blocks * H * W * C)``: each block is one parameter of
    the likelihood for all features.
    """

    def __init__(self, image_shape: Sequence[int]) -> None:
        super().__init__()
        self.channels, self.height, self.width = image_chw(image_shape)

    def forward(self, images: Float[Tensor, "batch bc h w"]) -> Float[Tensor, "batch outputs"]:
        """Reshape a batch."""
        blocks = images.reshape(len(images), -1, self.channels, self.height, self.width)
        return blocks.permute(0, 1, 3, 4, 2).flatten(1)


def _sizes(height: int, width: int, stages: int) -> list[tuple[int, int]]:
    sizes = [(height, width)]
    for _ in range(stages):
        h, w = sizes[-1]
        sizes.append(((h + 1) // 2, (w + 1) // 2))
    return sizes


def _check(image_shape: Sequence[int], channels: Sequence[int]) -> None:
    _, height, width = image_chw(image_shape)
    if min(height, width) < 8:
        raise InputError(
            f"a convolutional network needs images of 8 x 8 or more, got {height} x {width}: use an MLP"
        )
    if not channels:
        raise InputError("a convolutional network needs at least one stage of channels, got none")


@part
class ConvolutionalEncoder(nn.Module):
    """Strided convolutions, each halving the image, then one affine map.

    Arguments:
        image_shape: ``(H, W)`` or ``(H, W, C)``.
        out_features: Width of the output.
        channels: Channels after each stage.
        activation: Name of the activation.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        out_features: int,
        channels: Sequence[int] = (32, 64),
        activation: str = "silu",
    ) -> None:
        super().__init__()
        _check(image_shape, channels)
        inputs, height, width = image_chw(image_shape)
        layers: list[nn.Module] = [ToImages(image_shape)]
        for c_in, c_out in zip([inputs, *channels], channels, strict=False):
            layers += [nn.Conv2d(c_in, c_out, 3, stride=2, padding=1), make_activation(activation)]
        last = _sizes(height, width, len(channels))[-1]
        self.hidden = nn.Sequential(*layers, nn.Flatten())
        self.output = nn.Linear(channels[-1] * last[0] * last[1], out_features)

    def forward(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch outputs"]:
        """Map a batch of flat rows."""
        return self.output(self.hidden(x))


@part
class ConvolutionalDecoder(nn.Module):
    """The encoder's mirror: one affine map, then transposed convolutions to the exact image size.

    Arguments:
        in_features: Number of latents.
        image_shape: ``(H, W)`` or ``(H, W, C)``.
        blocks: Parameters of the likelihood for each feature.
        channels: Channels of the encoder's stages (used in reverse).
        activation: Name of the activation.
    """

    def __init__(
        self,
        in_features: int,
        image_shape: Sequence[int],
        blocks: int = 1,
        channels: Sequence[int] = (32, 64),
        activation: str = "silu",
    ) -> None:
        super().__init__()
        _check(image_shape, channels)
        outputs, height, width = image_chw(image_shape)
        sizes = _sizes(height, width, len(channels))
        h, w = sizes[-1]
        layers: list[nn.Module] = [
            nn.Linear(in_features, channels[-1] * h * w),
            nn.Unflatten(1, (channels[-1], h, w)),
            make_activation(activation),
        ]
        wide = [blocks * outputs, *channels]
        for stage in range(len(channels), 0, -1):
            small, large = sizes[stage], sizes[stage - 1]
            extra = (large[0] - 2 * small[0] + 1, large[1] - 2 * small[1] + 1)
            layers.append(
                nn.ConvTranspose2d(
                    wide[stage],
                    wide[stage - 1],
                    kernel_size=3,
                    stride=2,
                    padding=1,
                    output_padding=extra,
                    bias=stage > 1,  # the last stage has a bias for each pixel instead
                )
            )
            if stage > 1:
                layers.append(make_activation(activation))
        self.hidden = nn.Sequential(*layers)
        self.flat = FromImages(image_shape)
        self.output_bias = nn.Parameter(torch.zeros(blocks * outputs * height * width))

    def forward(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch outputs"]:
        """Map a batch of latents to flat likelihood parameters, block after block."""
        return self.flat(self.hidden(z)) + self.output_bias
