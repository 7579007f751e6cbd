from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vael.errors import NonFiniteError
from vael.models import Bernoulli, Decoder, Encoder, LatentVariableModel, StandardNormal
from vael.models.posteriors import DiagonalNormalPosterior
from vael.nn import MLP
from vael.objectives import ELBO, IWELBO, Reconstruction
from vael.training import Rows, Trainer, TrainingSettings
from vael.training.metrics import measure
from vael.training.trainer import VALIDATION, stream

Make = Callable[..., Trainer]


def weights(trainer: Trainer) -> bytes:
    return b"".join(v.numpy().tobytes() for v in trainer.model.state_dict().values())


def without_time(trainer: Trainer) -> list[dict[str, Any]]:
    rows = [m.to_dict() for m in trainer.history]
    return [{k: v for k, v in row.items() if k not in ("seconds", "examples_per_second")} for row in rows]


def test_training_raises_the_bound_of_held_out_rows(make_trainer: Make) -> None:
    trainer = make_trainer(max_epochs=60, learning_rate=1e-2)
    bounds = [m.validation_bound for m in trainer.epochs()]
    assert bounds[-1] - bounds[0] > 1.0


def test_two_runs_with_one_seed_have_the_same_bytes(make_trainer: Make) -> None:
    first, second, other = make_trainer(), make_trainer(), make_trainer(seed=4)
    for trainer in (first, second, other):
        list(trainer.epochs())
    assert weights(first) == weights(second)
    assert without_time(first) == without_time(second)
    assert weights(first) != weights(other)


def test_the_global_generator_is_left_alone_and_has_no_say(make_trainer: Make) -> None:
    torch.manual_seed(5)
    first = make_trainer()
    torch.manual_seed(99)
    state = torch.get_rng_state()
    list(first.epochs())
    assert torch.equal(torch.get_rng_state(), state)
    second = make_trainer()
    torch.manual_seed(123)
    list(second.epochs())
    assert weights(first) == weights(second)


def test_dropout_follows_the_seed_too(make_trainer: Make) -> None:
    def model() -> LatentVariableModel:
        torch.manual_seed(0)
        return LatentVariableModel(
            StandardNormal(2),
            Encoder(nn.Sequential(nn.Dropout(0.5), MLP(6, 4, (8,))), DiagonalNormalPosterior(2)),
            Decoder(MLP(2, 6, (8,)), Bernoulli(None)),
        )

    runs = [make_trainer(model=model(), train=torch.rand(50, 6)), make_trainer(model=model())]
    runs[1] = make_trainer(model=model(), train=runs[0].train.values)
    for seed, trainer in enumerate(runs):
        torch.manual_seed(seed)
        list(trainer.epochs())
    assert weights(runs[0]) == weights(runs[1])


def test_metrics_average_rows_and_not_batches(data: Tensor, make_trainer: Make) -> None:
    """The last of 4 batches has 2 rows; a rate so small that nothing moves, and a law without noise."""
    trainer = make_trainer(learning_rate=1e-30, max_epochs=1, objective=Reconstruction())
    trainer.model.encoder = Encoder(_Means(), _point())
    (metrics,) = trainer.epochs()
    with torch.no_grad():
        x = data[:50]
        exact = trainer.model.decoder(trainer.model.encoder(x).mean).log_prob(x).mean().item()
    assert metrics.train_log_likelihood == pytest.approx(exact, rel=1e-6)
    assert metrics.train_loss == pytest.approx(-exact, rel=1e-6)


class _Means(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :2]


def _point() -> Any:
    from vael.models import DeltaPosterior

    return DeltaPosterior(2)


def test_the_epoch_says_rate_and_beta_of_its_last_batch(make_trainer: Make) -> None:
    trainer = make_trainer(
        objective=ELBO(beta=2.0, warm_up=0.5), schedule="cosine", max_epochs=4, batch_size=25
    )
    history = list(trainer.epochs())
    last = [0.125, 0.375, 0.625, 0.875]  # two batches an epoch
    assert [m.learning_rate for m in history] == pytest.approx(
        [1e-3 * 0.5 * (1 + math.cos(math.pi * p)) for p in last]
    )
    assert [m.beta for m in history] == pytest.approx([0.5, 1.5, 2.0, 2.0])


def test_the_validation_bound_is_at_beta_one_whatever_training_weighs(make_trainer: Make) -> None:
    """Two objectives that differ in beta alone measure one untouched model alike."""
    found = []
    for beta in (0.0, 1.0, 4.0):
        trainer = make_trainer(objective=ELBO(beta=beta), learning_rate=1e-30, max_epochs=1)
        (metrics,) = trainer.epochs()
        assert metrics.validation_bound == pytest.approx(
            metrics.validation_log_likelihood - metrics.validation_kl, rel=1e-5
        )
        found.append(metrics.validation_bound)
    assert found[0] == found[1] == found[2]


def test_validation_noise_is_held_fixed(make_trainer: Make) -> None:
    trainer = make_trainer(learning_rate=1e-30, max_epochs=3)
    assert len({m.validation_bound for m in trainer.epochs()}) == 1


def test_the_best_weights_are_put_back_and_give_the_recorded_bound(make_trainer: Make) -> None:
    trainer = make_trainer(max_epochs=40, learning_rate=0.1, batch_size=50)  # wild enough to get worse again
    history = list(trainer.epochs())
    bounds = [m.validation_bound for m in history]
    last = weights(trainer)
    trainer.finish()
    assert not trainer.model.training
    assert weights(trainer) != last
    assert trainer.best_value == max(bounds)
    assert bounds[trainer.best_epoch - 1] == max(bounds)
    assert [m.best for m in history] == [b > max(bounds[:i], default=-math.inf) for i, b in enumerate(bounds)]
    again = measure(
        trainer.model, trainer.objective, trainer.validation, stream(trainer.settings.seed, VALIDATION)
    )
    assert again.bound == max(bounds)


def test_patience_counts_epochs_since_the_best(make_trainer: Make) -> None:
    trainer = make_trainer(max_epochs=200, learning_rate=0.1, batch_size=50, patience=4)
    history = list(trainer.epochs())
    assert trainer.converged
    assert len(history) < 200
    assert len(history) == trainer.best_epoch + 4


def test_epochs_of_a_warm_up_are_not_counted(make_trainer: Make) -> None:
    """Nothing improves (the rate is nil), so training stops `patience` epochs after the warm-up's end."""
    settings: dict[str, Any] = {"learning_rate": 1e-30, "max_epochs": 40, "patience": 3}
    plain = len(list(make_trainer(**settings).epochs()))
    warmed = len(list(make_trainer(objective=ELBO(warm_up=0.5), **settings).epochs()))
    assert plain == 1 + 3
    assert warmed == 20 + 3 - 1  # beta is whole at the end of epoch 20, which counts


def test_without_validation_rows_the_training_bound_decides_and_the_newest_weights_stay(
    make_trainer: Make,
) -> None:
    trainer = make_trainer(validation=False, max_epochs=15, learning_rate=1e-2)
    history = list(trainer.epochs())
    last = weights(trainer)
    trainer.finish()
    assert weights(trainer) == last
    assert trainer.best_epoch == 15
    assert history[-1].validation_bound is None
    assert history[-1].active_latents is None


def test_without_validation_rows_training_stops_when_its_bound_no_longer_rises(make_trainer: Make) -> None:
    trainer = make_trainer(validation=False, max_epochs=50, learning_rate=1e-30, patience=5, tolerance=10.0)
    assert len(list(trainer.epochs())) == 1 + 5


def test_bytes_train_as_what_they_stand_for(make_trainer: Make) -> None:
    raw = torch.randint(0, 256, (50, 6), dtype=torch.uint8)

    def run(rows: Rows) -> Trainer:
        torch.manual_seed(0)
        model = LatentVariableModel(
            StandardNormal(2),
            Encoder(MLP(6, 4, (8,)), DiagonalNormalPosterior(2)),
            Decoder(MLP(2, 6, (8,)), Bernoulli("dynamic")),
        )
        settings = TrainingSettings(max_epochs=3, batch_size=16, device="cpu")
        trainer = Trainer(model, ELBO(), rows, None, settings)
        list(trainer.epochs())
        return trainer

    as_bytes = run(Rows(raw, scale=torch.tensor(255.0)))
    as_floats = run(Rows(raw / 255))
    assert as_bytes.train.values.dtype == torch.uint8
    assert weights(as_bytes) == weights(as_floats)


@dataclass(frozen=True)
class _Recording(ELBO):
    """Keeps the batches that it is given."""

    def __call__(self, model: Any, x: Any, *, generator: Any = None, progress: float = 1.0) -> Any:
        SEEN.append(x.clone())
        return super().__call__(model, x, generator=generator, progress=progress)


SEEN: list[Tensor] = []


def _greys(make_trainer: Make, binarise: Any, data: Tensor) -> tuple[list[Tensor], Trainer]:
    """Each epoch's training batch; the one batch is the whole set, in an order that is undone."""
    SEEN.clear()
    torch.manual_seed(0)
    model = LatentVariableModel(
        StandardNormal(1),
        Encoder(MLP(7, 2, (4,)), DiagonalNormalPosterior(1)),
        Decoder(MLP(1, 7, (4,)), Bernoulli(binarise)),
    )
    trainer = make_trainer(
        model=model, objective=_Recording(), train=data, validation=False, batch_size=1000, max_epochs=3
    )
    list(trainer.epochs())
    return [x[x[:, 0].argsort(stable=True)] for x in SEEN], trainer


def test_dynamic_binarisation_is_anew_in_each_epoch_and_static_once(make_trainer: Make) -> None:
    greys = torch.full((400, 7), 0.3)
    dynamic, _ = _greys(make_trainer, "dynamic", greys)
    static, trainer = _greys(make_trainer, "static", greys)
    for batches in (dynamic, static):
        assert all(set(x.unique().tolist()) == {0.0, 1.0} for x in batches)
        assert all(abs(x.mean().item() - 0.3) < 4 * (0.21 / 2800) ** 0.5 for x in batches)
    ones = [x.sum().item() for x in dynamic]
    assert len(set(ones)) == 3
    assert {x.sum().item() for x in static} == {trainer.train.values.sum().item()}


def test_greys_that_are_not_binarised_stay_greys(make_trainer: Make) -> None:
    batches, _ = _greys(make_trainer, None, torch.full((20, 7), 0.3))
    assert all(torch.equal(x, torch.full((20, 7), 0.3)) for x in batches)


def test_an_absurd_rate_is_stopped_with_place_term_and_advice(make_trainer: Make) -> None:
    trainer = make_trainer(learning_rate=1e10, max_epochs=50)
    with pytest.raises(NonFiniteError) as error:
        list(trainer.epochs())
    said = str(error.value)
    assert "\n" not in said
    assert f"the loss is not finite at epoch {trainer.epoch + 1}, batch " in said
    assert "KL" in said or "log-likelihood" in said
    assert said.endswith("try a learning_rate below 1e+10, or data without outliers and on a smaller scale")


def test_a_row_that_cannot_be_is_found(make_trainer: Make, data: Tensor) -> None:
    broken = data[:50].clone()
    broken[7] = 1e30
    trainer = make_trainer(train=broken, batch_size=50)
    with pytest.raises(NonFiniteError, match=r"epoch 1, batch 1: .*log-likelihood.* broke on 1 of 50 rows"):
        list(trainer.epochs())


def test_clipping_bounds_the_first_step(make_trainer: Make) -> None:
    """Adam divides the gradient's size out, so it shows against an epsilon of its own size."""
    moved = {}
    for clip in (None, 1e-3):
        trainer = make_trainer(clip=clip, epsilon=1.0, batch_size=50, max_epochs=1, learning_rate=1.0)
        before = {k: v.clone() for k, v in trainer.model.state_dict().items()}
        list(trainer.epochs())
        after = trainer.model.state_dict()
        moved[clip] = sum(((after[k] - before[k]) ** 2).sum().item() for k in before) ** 0.5
    assert moved[1e-3] <= 1e-3 * 1.01
    assert moved[None] > 0.1


def test_bfloat16_reaches_nearly_the_bound_of_float32(make_trainer: Make) -> None:
    bounds = {}
    for precision in ("float32", "bfloat16"):
        trainer = make_trainer(precision=precision, max_epochs=60, learning_rate=1e-2)
        list(trainer.epochs())
        assert all(p.dtype == torch.float32 for p in trainer.model.parameters())
        bounds[precision] = trainer.best_value
    assert bounds["bfloat16"] == pytest.approx(bounds["float32"], abs=0.15)
    assert bounds["bfloat16"] != bounds["float32"]


@pytest.mark.parametrize(
    "objective", [ELBO(samples=3), IWELBO(k=5), IWELBO(k=5, doubly_reparameterised=True), Reconstruction()]
)
def test_every_objective_trains(make_trainer: Make, objective: Any) -> None:
    trainer = make_trainer(objective=objective, max_epochs=30, learning_rate=1e-2)
    history = list(trainer.epochs())
    assert history[-1].validation_bound - history[0].validation_bound > 0.5


def test_the_split_of_the_kl_and_the_active_latents_are_of_the_validation_rows(make_trainer: Make) -> None:
    trainer = make_trainer(max_epochs=3)
    *_, last = trainer.epochs()
    assert sum(last.kl_per_latent) == pytest.approx(last.validation_kl, rel=1e-6)
    with torch.no_grad():
        means = trainer.model.encoder(trainer.validation.take(slice(None))).mean
    assert last.active_latents == int((means.double().var(0, correction=0) > 0.01).sum())


def test_what_is_recorded_is_of_the_data_as_given_and_the_loss_of_the_models_scale(
    make_trainer: Make, make_model: Callable[[], LatentVariableModel], data: Tensor
) -> None:
    plain = make_trainer()
    moved = Trainer(make_model(), ELBO(), Rows(data[:50]), Rows(data[50:]), plain.settings, log_jacobian=-7.5)
    for a, b in zip(plain.epochs(), moved.epochs(), strict=True):
        assert b.train_loss == a.train_loss
        assert (b.train_kl, b.validation_kl) == (a.train_kl, a.validation_kl)
        for name in (
            "train_bound",
            "train_log_likelihood",
            "validation_bound",
            "validation_log_likelihood",
        ):
            assert getattr(b, name) == pytest.approx(getattr(a, name) - 7.5, abs=1e-9)
    assert weights(plain) == weights(moved)
    assert moved.best_epoch == plain.best_epoch


def test_a_validation_row_without_probability_is_said(make_trainer: Make, data: Tensor) -> None:
    trainer = make_trainer()
    trainer.validation.values[3] = 1e30
    with pytest.raises(
        NonFiniteError, match="the validation bound is not finite after epoch 1: some held-out"
    ):
        list(trainer.epochs())
