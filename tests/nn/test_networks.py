"""Networks: exact sizes, flat orders, derivatives."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import hessian

from vael.errors import InputError
from vael.nn import (
    ACTIVATIONS,
    MLP,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    FromImages,
    GatedMLP,
    Linear,
    ToImages,
    activation,
)

sides = st.integers(8, 33)


@given(height=sides, width=sides, channels=st.integers(1, 4), blocks=st.integers(1, 3), n=sides)
def test_convolutions_fit_any_image(height: int, width: int, channels: int, blocks: int, n: int) -> None:
    shape = (height, width, channels)
    features = math.prod(shape)
    encoder = ConvolutionalEncoder(shape, 5, channels=(2, 3, 4))
    decoder = ConvolutionalDecoder(2, shape, blocks, channels=(2, 3, 4))
    assert encoder(torch.zeros(2, features)).shape == (2, 5)
    assert decoder(torch.zeros(2, 2)).shape == (2, blocks * features)


@pytest.mark.parametrize("stages", [1, 2, 5])
def test_more_stages_than_halvings_still_fit(stages: int) -> None:
    decoder = ConvolutionalDecoder(2, (9, 8), channels=(2,) * stages)
    encoder = ConvolutionalEncoder((9, 8), 4, channels=(2,) * stages)
    assert encoder(decoder(torch.randn(3, 2))).shape == (3, 4)


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 1), (3, 5, 4)])
@pytest.mark.parametrize("blocks", [1, 2])
def test_flat_rows_have_height_width_channel_order(shape: tuple[int, ...], blocks: int) -> None:
    images = torch.arange(2.0 * blocks * math.prod(shape)).reshape(2, blocks, *shape)
    rows = images.flatten(2)
    channels = shape[2] if len(shape) == 3 else 1
    first = ToImages(shape)(rows[:, 0])
    assert first.shape == (2, channels, 3, 5)
    hwc = images[:, 0].reshape(2, 3, 5, channels)
    assert torch.equal(first[:, -1], hwc[..., -1])
    stacked = torch.cat([ToImages(shape)(rows[:, b]) for b in range(blocks)], dim=1)
    assert torch.equal(FromImages(shape)(stacked), rows.flatten(1))


def test_a_pixel_moves_with_its_place_and_not_its_channel() -> None:
    """A convolution sees neighbours in the image: shifting a dot by two shifts the map by one."""
    encoder = ConvolutionalEncoder((16, 16, 3), 4, channels=(2,))
    dot = torch.zeros(3, 16, 16, 3)
    dot[0, 6, 6, 1] = dot[1, 8, 6, 1] = dot[2, 6, 8, 1] = 1

    def hidden(rows: Tensor) -> Tensor:
        return encoder.hidden[:2](rows.flatten(1))  # type: ignore[index]

    still, down, right = hidden(dot)
    assert not torch.equal(still, down)
    torch.testing.assert_close(still.roll(1, dims=1), down)
    torch.testing.assert_close(still.roll(1, dims=2), right)


@pytest.mark.parametrize(
    "net",
    [
        Linear(2, 128),
        MLP(2, 128, (8,)),
        GatedMLP(2, 128, (8,)),
        ConvolutionalDecoder(2, (8, 8, 2), channels=(3,)),
    ],
    ids=lambda net: type(net).__name__,
)
def test_the_output_bias_adds_to_each_output(net: nn.Module) -> None:
    z = torch.randn(3, 2)
    before = net(z)
    shift = torch.arange(128.0)
    with torch.no_grad():
        net.output_bias.add_(shift)  # type: ignore[operator]
    torch.testing.assert_close(net(z), before + shift)
    assert any(p is net.output_bias for p in net.parameters())


def test_layers_are_what_they_are_named() -> None:
    net = MLP(3, 2, (4,), "tanh")
    x = torch.randn(5, 3)
    hidden = torch.tanh(x @ net.hidden[0].weight.mT + net.hidden[0].bias)  # type: ignore[operator]
    expected = hidden @ net.output.weight.mT + net.output.bias
    torch.testing.assert_close(net(x), expected)
    gated = GatedMLP(3, 2, (4,))
    both = x @ gated.hidden[0].both.weight.mT + gated.hidden[0].both.bias  # type: ignore[operator]
    expected = gated.output(both[:, :4] * both[:, 4:].sigmoid())
    torch.testing.assert_close(gated(x), expected)


def curvature(net: nn.Module) -> float:
    point = torch.tensor([0.3, -0.2], dtype=torch.float64)
    return float(hessian(lambda z: net(z.unsqueeze(0)).squeeze())(point).detach().abs().max())


@pytest.mark.parametrize(
    "net", [MLP(2, 1, (8,)), GatedMLP(2, 1, (8,)), ConvolutionalEncoder((8, 8), 1, (2,))]
)
def test_the_default_activation_bends(net: nn.Module) -> None:
    """Geometry needs second derivatives; ReLU has none."""
    if isinstance(net, ConvolutionalEncoder):
        net = nn.Sequential(Linear(2, 64), net)
    assert curvature(net.double()) > 1e-4


def test_relu_does_not_bend() -> None:
    assert curvature(MLP(2, 1, (8,), "relu").double()) == 0


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_trains(name: str) -> None:
    net = MLP(3, 1, (6,), name)
    net(torch.randn(4, 3)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_bad_settings_are_one_clear_error() -> None:
    with pytest.raises(InputError, match="unknown activation 'swish': choose one of silu, relu"):
        activation("swish")
    with pytest.raises(InputError, match="8 x 8 or more, got 7 x 9: use an MLP"):
        ConvolutionalEncoder((7, 9), 2)
    with pytest.raises(InputError, match=r"\(H, W\) or \(H, W, C\), got \(8,\)"):
        ConvolutionalDecoder(2, (8,))
    with pytest.raises(InputError, match="at least one stage"):
        ConvolutionalEncoder((8, 8), 2, channels=())


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 3e-7), (torch.bfloat16, 8e-3)])
def test_the_quick_tanh_is_tanh(dtype: torch.dtype, error: float) -> None:
    x = torch.cat([torch.linspace(-4, 4, 1001), torch.tensor([0.0, 1e-6, -30.0, 30.0, -200.0, 200.0])]).to(
        dtype
    )
    with torch.no_grad():
        quick = activation("tanh")(x)
    assert quick.dtype == dtype
    torch.testing.assert_close(quick.double(), x.double().tanh(), rtol=0, atol=error)
    slope = x.clone().requires_grad_()
    activation("tanh")(slope).sum().backward()
    assert slope.grad is not None
