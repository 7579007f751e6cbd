"""Encoders and decoders: a network joined to a family of laws."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import jacrev, jvp, vmap

from vael.errors import InputError
from vael.models import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Decoder,
    DiagonalNormalPosterior,
    DiscretisedLogistic,
    Encoder,
    FeatureGaussian,
    FixedGaussian,
    Likelihood,
)
from vael.nn import MLP, ConvolutionalDecoder, GatedMLP, Linear

LIKELIHOODS = [
    Bernoulli(),
    ContinuousBernoulli(),
    FixedGaussian(),
    FeatureGaussian(64),
    DiscretisedLogistic(16),
    Categorical(4),
]
NETS = {
    "linear": lambda blocks: Linear(2, blocks * 64),
    "mlp": lambda blocks: MLP(2, blocks * 64, (7,)),
    "gated": lambda blocks: GatedMLP(2, blocks * 64, (7,)),
    "convolutional": lambda blocks: ConvolutionalDecoder(2, (8, 8), blocks, channels=(3,)),
}


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("net", NETS)
def test_a_decoder_takes_any_leading_axes(likelihood: Likelihood, net: str) -> None:
    decoder = Decoder(NETS[net](likelihood.blocks), likelihood).double()
    z = torch.randn(4, 3, 2, dtype=torch.float64)
    x = decoder(z).sample()[0]
    law = decoder(z)
    assert (law.batch_shape, law.event_shape) == ((4, 3), (64,))
    log_prob = law.log_prob(x)
    for i in range(4):
        for j in range(3):
            one = decoder(z[i, j])
            assert one.batch_shape == ()
            torch.testing.assert_close(one.log_prob(x[j]), log_prob[i, j])
            torch.testing.assert_close(one.mean, law.mean[i, j])


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("net", NETS)
def test_training_starts_at_the_mean_of_the_data(likelihood: Likelihood, net: str) -> None:
    decoder = Decoder(NETS[net](likelihood.blocks), likelihood)
    with torch.no_grad():
        for parameter in decoder.net.parameters():
            parameter.zero_()
    mean = torch.linspace(0.02, 0.98, 64)
    decoder.start(mean)
    torch.testing.assert_close(decoder(torch.randn(3, 2)).mean[1], mean, atol=1e-5, rtol=0)


def test_a_user_s_network_is_left_as_it_is() -> None:
    own = nn.Linear(2, 64)
    before = own.bias.clone()
    Decoder(own, Bernoulli()).start(torch.full((64,), 0.9))
    assert torch.equal(own.bias, before)


def test_a_user_s_network_may_return_images() -> None:
    own = nn.Sequential(nn.Linear(2, 64), nn.Unflatten(1, (1, 8, 8)))
    law = Decoder(own, Bernoulli())(torch.randn(4, 3, 2))
    assert (law.batch_shape, law.event_shape) == ((4, 3), (64,))


def test_encoders_and_decoders_say_what_is_wrong() -> None:
    encoder = Encoder(nn.Linear(5, 3), DiagonalNormalPosterior(2))
    with pytest.raises(InputError, match=r"gives 3 outputs a row, but DiagonalNormal.* takes 4"):
        encoder(torch.zeros(2, 5))
    with pytest.raises(InputError, match=r"call encoder\(x\)"):
        encoder()
    with pytest.raises(InputError, match=r"call decoder\(z\)"):
        Decoder(nn.Linear(2, 3), Bernoulli())()


def test_half_precision_networks_give_laws_in_full() -> None:
    """Summing 784 terms in eight bits loses nats: parameters are widened first."""
    decoder = Decoder(Linear(2, 784), FixedGaussian())
    encoder = Encoder(Linear(784, 100), DiagonalNormalPosterior(50))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        x = torch.rand(4, 784)
        q_z = encoder(x)
        assert q_z.mean.dtype == torch.float32
        assert q_z.log_prob(torch.zeros(50)).dtype == torch.float32
        assert decoder(torch.zeros(4, 2)).log_prob(x).dtype == torch.float32


@pytest.mark.parametrize("likelihood", LIKELIHOODS, ids=lambda v: type(v).__name__)
def test_geometry_can_differentiate_the_mean(likelihood: Likelihood) -> None:
    """Jacobians by torch.func, forwards, backwards and over many points, agree with differences."""
    decoder = Decoder(MLP(2, 64 * likelihood.blocks, (7,)), likelihood).double()

    def mean(z: Tensor) -> Tensor:
        return decoder(z).mean

    z = torch.tensor([0.3, -0.7], dtype=torch.float64)
    direction = torch.tensor([1.0, 0.5], dtype=torch.float64)
    _, forwards = jvp(mean, (z,), (direction,))
    step = 1e-5 * direction
    torch.testing.assert_close(forwards, (mean(z + step) - mean(z - step)) / 2e-5, atol=1e-8, rtol=1e-6)
    torch.testing.assert_close(jacrev(mean)(z) @ direction, forwards)
    many = torch.randn(5, 2, dtype=torch.float64)
    jacobians = vmap(jacrev(mean))(many)
    torch.testing.assert_close(jacobians[3], jacrev(mean)(many[3]))
    _, acceleration = jvp(lambda at: jvp(mean, (at,), (direction,))[1], (z,), (direction,))
    ahead, behind = (jvp(mean, (z + s * step,), (direction,))[1] for s in (1, -1))
    torch.testing.assert_close(acceleration, (ahead - behind) / 2e-5, atol=1e-7, rtol=1e-5)
    assert acceleration.abs().max() > 1e-3
