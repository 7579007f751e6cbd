"""Ensembles of decoders: who is trained on what, and the law that they give together."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from vael.errors import InputError
from vael.models import (
    Bernoulli,
    DecoderEnsemble,
    DiagonalNormalPosterior,
    DiscretisedLogistic,
    Encoder,
    LatentVariableModel,
    Likelihood,
    SharedGaussian,
    StandardNormal,
)
from vael.nn import MLP, ConvolutionalDecoder, GatedMLP, Head, Linear, Trunk
from vael.objectives import ELBO, IWELBO, Objective
from vael.specification import build, describe

FEATURES, LATENT, MEMBERS = 64, 2, 3
NETWORKS = {
    "mlp": lambda blocks: MLP(LATENT, blocks * FEATURES, (5, 7)),
    "gated": lambda blocks: GatedMLP(LATENT, blocks * FEATURES, (5,)),
    "linear": lambda blocks: Linear(LATENT, blocks * FEATURES),
    "convolutional": lambda blocks: ConvolutionalDecoder(LATENT, (8, 8), blocks, (3, 4)),
}


def ensemble(network: str, *, shared: bool, likelihood: Likelihood | None = None) -> DecoderEnsemble:
    likelihood = likelihood or Bernoulli()
    nets = [NETWORKS[network](likelihood.blocks) for _ in range(MEMBERS)]
    if shared:
        return DecoderEnsemble([Head(net) for net in nets], likelihood, Trunk(nets[0]))
    return DecoderEnsemble(nets, likelihood)


@pytest.fixture(params=[(n, s) for n in NETWORKS for s in (False, True)], ids=str)
def decoder(request: pytest.FixtureRequest) -> DecoderEnsemble:
    network, shared = request.param
    made = ensemble(network, shared=shared)
    for parameter in made.parameters():
        nn.init.normal_(parameter)
    return made


@pytest.mark.parametrize("network", NETWORKS)
def test_trunk_and_head_are_the_network_cut_in_two(network: str) -> None:
    net = NETWORKS[network](1)
    nn.init.normal_(net.output_bias)
    z = torch.randn(4, LATENT)
    trunk, head = Trunk(net), Head(net)
    assert torch.equal(head(trunk(z)), net(z))
    assert head.output_bias is net.output_bias
    own, both = set(net.parameters()), [*trunk.parameters(), *head.parameters()]
    assert set(both) == own
    assert len(both) == len(own)


def test_a_network_of_another_kind_has_no_last_layer() -> None:
    with pytest.raises(InputError, match="ReLU has no last layer that is known"):
        Trunk(nn.ReLU())


def test_in_evaluation_the_law_is_the_mixture(decoder: DecoderEnsemble) -> None:
    decoder.eval()
    z = torch.randn(4, 3, LATENT)
    x = torch.randint(2, (3, FEATURES)).float()
    each = torch.stack([law.log_prob(x) for law in decoder.laws(z)])
    assert each.shape == (MEMBERS, 4, 3)
    expected = each.logsumexp(0) - math.log(MEMBERS)
    torch.testing.assert_close(decoder(z).log_prob(x), expected)


@pytest.mark.parametrize("shape", [(7,), (6,), (2,), (4, 7), (2, 3, 5), ()])
def test_in_training_row_i_passes_through_member_i_mod_m(
    decoder: DecoderEnsemble, shape: tuple[int, ...]
) -> None:
    z = torch.randn(*shape, LATENT)
    laws = decoder.train().laws(z)
    found = decoder(z)
    assert found.batch_shape == shape
    x = torch.randint(2, (*shape, FEATURES)).float()
    each = torch.stack([law.log_prob(x) for law in laws])
    for row in range(shape[-1] if shape else 1):
        at = (..., row) if shape else ()
        torch.testing.assert_close(found.log_prob(x)[at], each[(row % MEMBERS, *at)], rtol=1e-5, atol=1e-4)


def test_a_member_learns_from_its_own_rows_alone(decoder: DecoderEnsemble) -> None:
    decoder.train()
    z = torch.randn(2, 6, LATENT)
    decoder(z).mean[:, 1::MEMBERS].sum().backward()
    touched = [
        any(p.grad is not None and bool((p.grad != 0).any()) for p in net.parameters())
        for net in decoder.nets
    ]
    assert touched == [False, True, False]


@pytest.mark.parametrize("objective", [ELBO(), IWELBO(3), IWELBO(8, resampled=2)])
@pytest.mark.parametrize("shared", [False, True])
def test_objectives_train_all_of_it(objective: Objective, shared: bool) -> None:
    decoder = ensemble("mlp", shared=shared, likelihood=SharedGaussian())
    encoder = Encoder(MLP(FEATURES, 4, (5,)), DiagonalNormalPosterior(2))
    model = LatentVariableModel(StandardNormal(2), encoder, decoder).train()
    terms = objective(model, torch.randn(9, FEATURES), generator=torch.Generator().manual_seed(0))
    terms.loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_start_puts_every_member_at_the_mean(decoder: DecoderEnsemble) -> None:
    for parameter in decoder.parameters():
        nn.init.zeros_(parameter)
    mean = torch.rand(FEATURES) * 0.9 + 0.05
    decoder.start(mean)
    for law in decoder.laws(torch.randn(2, LATENT)):
        torch.testing.assert_close(law.mean, mean.expand(2, -1))


@pytest.mark.parametrize("shared", [False, True])
def test_described_and_built_again(shared: bool) -> None:
    decoder = ensemble("convolutional", shared=shared, likelihood=DiscretisedLogistic(4)).eval()
    again = build(describe(decoder, slot="decoder"))
    assert isinstance(again, DecoderEnsemble)
    again.load_state_dict(decoder.state_dict())
    z, x = torch.randn(5, LATENT), torch.randint(4, (5, FEATURES)) / 3
    assert torch.equal(again.eval()(z).log_prob(x), decoder(z).log_prob(x))
    names = [name for name, _ in decoder.named_parameters(remove_duplicate=False)]
    assert len(names) == len(list(decoder.parameters()))  # none twice: safetensors would refuse it


def test_doors() -> None:
    with pytest.raises(InputError, match="one member at least"):
        DecoderEnsemble([], Bernoulli())
    with pytest.raises(InputError, match="needs latents"):
        ensemble("linear", shared=False)()


def spread(decoder: DecoderEnsemble, z: Tensor) -> Tensor:
    return torch.stack([law.mean for law in decoder.laws(z)]).std(0).mean(-1)


def test_members_agree_where_data_are_and_not_far_away() -> None:
    nets = [MLP(1, 1, (32,)) for _ in range(4)]
    decoder = DecoderEnsemble(nets, SharedGaussian()).train()
    optimiser = torch.optim.Adam(decoder.parameters(), lr=1e-2)
    z = torch.linspace(-1, 1, 64).unsqueeze(-1)
    for _ in range(300):
        rows = torch.randperm(64)
        loss = -decoder(z[rows]).log_prob(torch.sin(3 * z[rows])).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    far = spread(decoder, torch.tensor([[5.0], [-5.0]]))
    assert far.mean() > 4 * spread(decoder, z).mean()
