"""Writing parts as JSON and building them again."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from vael import specification
from vael.errors import InputError, RunError
from vael.models import (
    Decoder,
    DecoderEnsemble,
    DeltaPosterior,
    DiagonalNormalPosterior,
    Encoder,
    FullNormalPosterior,
    PowerSphericalPosterior,
    SharedScalePosterior,
    StandardNormal,
    UniformSphere,
    VonMisesFisherPosterior,
    WrappedNormalPosterior,
    WrappedNormalPrior,
    likelihoods,
)
from vael.nn import (
    MLP,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    FromImages,
    GatedMLP,
    Head,
    Linear,
    ToImages,
    Trunk,
)
from vael.objectives import ELBO, IWELBO, Reconstruction
from vael.specification import build, describe, externals, part

ROW = torch.rand(2, 64)
# Every registered module, with an input for it.
MODULES: list[tuple[nn.Module, torch.Tensor | None]] = [
    (Linear(64, 3), ROW),
    (MLP(64, 3, hidden=(5, 4), activation="tanh"), ROW),
    (GatedMLP(64, 3, hidden=(5,)), ROW),
    (ConvolutionalEncoder((8, 8), 3, channels=(2,)), ROW),
    (ConvolutionalDecoder(64, (8, 9, 2), blocks=2, channels=(2, 3), activation="elu"), ROW),
    (ToImages((8, 4, 2)), ROW),
    (FromImages((8, 8)), ROW.reshape(2, 1, 8, 8)),
    (Trunk(MLP(64, 3, hidden=(5, 4))), ROW),
    (Head(ConvolutionalDecoder(4, (8, 8), channels=(3,))), torch.rand(2, 3, 4, 4)),
    (StandardNormal(3), None),
    (UniformSphere(3), None),
    (WrappedNormalPrior(3, curvature=0.5), None),
    (VonMisesFisherPosterior(62), ROW),
    (PowerSphericalPosterior(62), ROW),
    (WrappedNormalPosterior(32), ROW),
    (DiagonalNormalPosterior(32), ROW),
    (SharedScalePosterior(64), ROW),
    (FullNormalPosterior(3), ROW[:, :9]),
    (DeltaPosterior(64), ROW),
    (likelihoods.Bernoulli("static"), ROW),
    (likelihoods.ContinuousBernoulli(), ROW),
    (likelihoods.FixedGaussian(0.3), ROW),
    (likelihoods.SharedGaussian(), ROW),
    (likelihoods.FeatureGaussian(64), ROW),
    (likelihoods.DiscretisedLogistic(16), ROW),
    (likelihoods.Categorical(4), ROW),
    (Encoder(MLP(64, 6, (5,)), DiagonalNormalPosterior(3)), ROW),
    (Decoder(Linear(64, 7), likelihoods.FeatureGaussian(7)), ROW),
    (DecoderEnsemble([Linear(64, 7), Linear(64, 7)], likelihoods.FeatureGaussian(7)), ROW),
]
OBJECTIVES = [ELBO(beta=4.0, samples=2, free_bits=0.1, warm_up=0.5), IWELBO(7, True), Reconstruction()]


def name(value: object) -> str:
    return type(value).__name__


def outputs(module: nn.Module, x: torch.Tensor | None) -> list[torch.Tensor]:
    result = module() if x is None else module(x)
    if isinstance(result, torch.Tensor):
        return [result]
    return [v for v in vars(result).values() if isinstance(v, torch.Tensor)]


@pytest.mark.parametrize(("module", "x"), MODULES, ids=[name(m) for m, _ in MODULES])
def test_a_module_comes_back_with_its_weights(module: nn.Module, x: torch.Tensor | None) -> None:
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    written = json.loads(json.dumps(describe(module), allow_nan=False))
    again = build(written)
    again.load_state_dict(module.state_dict())
    assert type(again) is type(module)
    assert describe(again) == written
    expected = outputs(module, x)
    assert expected
    for found, value in zip(outputs(again, x), expected, strict=True):
        assert torch.equal(found, value)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=name)
def test_an_objective_comes_back_equal(objective: object) -> None:
    assert build(json.loads(json.dumps(describe(objective)))) == objective


def test_every_part_of_these_rooms_is_tried_here() -> None:
    tried = {name(m) for m, _ in MODULES} | {name(o) for o in OBJECTIVES}
    rooms = ("vael.nn", "vael.models", "vael.objectives", "vael.distributions")
    parts = {n for n, c in specification._PARTS.items() if c.__module__.startswith(rooms)}
    assert parts == tried


def test_defaults_and_positions_are_written_by_name() -> None:
    assert describe(MLP(4, 2, (3,))) == {
        "part": "MLP",
        "in_features": 4,
        "out_features": 2,
        "hidden": [3],
        "activation": "silu",
    }


def test_numpy_s_numbers_are_plain_numbers() -> None:
    written = describe(ELBO(beta=np.float32(0.5), samples=np.int64(3)))
    assert json.loads(json.dumps(written)) == written
    assert build(written) == ELBO(beta=0.5, samples=3)


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {"a": 1}, np.ones(2)])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="cannot write"):
        describe([value])


def test_a_user_s_module_is_asked_for_by_its_place() -> None:
    own = nn.Sequential(nn.Linear(64, 6))
    written = json.loads(json.dumps(describe(Encoder(own, DiagonalNormalPosterior(3)), slot="encoder")))
    assert externals(written) == {"encoder": "torch.nn.modules.container.Sequential"}
    with pytest.raises(RunError, match=r"encoder.*Sequential.*load\(path, encoder=\.\.\.\)"):
        build(written)
    assert build(written, modules={"encoder": own}).net is own
    assert externals(describe(MLP(4, 2))) == {}


def test_a_user_s_module_is_found_inside_a_list() -> None:
    written = describe([nn.ReLU(), MLP(4, 2)], slot="decoder")
    assert externals(written) == {"decoder": "torch.nn.modules.activation.ReLU"}


def test_two_modules_in_one_place_are_refused() -> None:
    class Own(likelihoods.Bernoulli):
        pass

    with pytest.raises(InputError, match="decoder: two modules of your own"):
        describe(Decoder(nn.Linear(2, 4), Own()), slot="decoder")


def test_a_subclass_of_a_part_is_not_taken_for_the_part() -> None:
    class Deeper(MLP):
        pass

    assert describe(Deeper(2, 2), slot="encoder")["external"] == "encoder"


def test_a_name_is_registered_once() -> None:
    class MLP:
        def __init__(self) -> None: ...

    with pytest.raises(InputError, match="MLP is registered already"):
        part(MLP)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"part": "NoSuchPart"}, "unknown part 'NoSuchPart'"),
        ({"class": "x"}, "unknown part 'None'"),
        ({"part": ["MLP"]}, "unknown part"),
        ({"part": "MLP", "in_features": 2, "out_features": 3, "depth": 4}, "MLP.*depth.*another"),
        ({"part": "MLP"}, "MLP.*in_features.*another version"),
    ],
)
def test_a_foreign_specification_is_one_clear_error(written: object, message: str) -> None:
    with pytest.raises(RunError, match=message):
        build(written)
