"""The small trained models behind the figures of the theory, and what is measured on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from vael.datasets import Dataset, load
from vael.estimators import VAE, Autoencoder
from vael.plots.theory import FitMeasures, LatentView
from vael.report.choices import clock
from vael.report.measures import measure_bound, measure_likelihood
from vael.theory import Decomposition, decompose

__all__ = ["TheoryModels", "TheorySize", "fit_theory_models"]


@dataclass(frozen=True)
class TheorySize:
    """How large the models and their data are.

    Attributes
    ----------
    data : name of the data set
    white : values from here on are ink: images are made binary once, so that ln p(x) is a probability
    plane_rows, plane_hidden, plane_epochs : of the models of two latents
    decomposed : test images whose evidence is split
    mapped : test images whose codes are drawn
    fit_hidden, fit_latents, steps, batch : of the models that are compared by beta and by rows
    betas : all of them, with `few` rows and with `many`
    loose : the small beta that is compared with 1 by rows
    rows : training rows, from fewest to most; `few` and `many` among them
    few, many : training rows of the fits by beta
    measured : rows of each kind that a fit is measured on
    samples : importance samples a row
    """

    data: str
    white: int
    plane_rows: int
    plane_hidden: tuple[int, ...]
    plane_epochs: int
    decomposed: int
    mapped: int
    fit_hidden: int
    fit_latents: int
    steps: int
    betas: tuple[float, ...]
    loose: float
    rows: tuple[int, ...]
    few: int
    many: int
    measured: int
    samples: int
    batch: int = 100


FULL = TheorySize(
    data="mnist", white=128, plane_rows=20_000, plane_hidden=(256, 128), plane_epochs=20,
    decomposed=500, mapped=3000, fit_hidden=200, fit_latents=8, steps=1200,
    betas=(0.1, 0.3, 1.0, 3.0, 10.0, 30.0), loose=0.1, rows=(100, 300, 1000, 3000, 10_000),
    few=1000, many=10_000, measured=300, samples=200,
)  # fmt: skip
SMALL = TheorySize(
    data="digits", white=8, plane_rows=1200, plane_hidden=(64,), plane_epochs=40,
    decomposed=60, mapped=500, fit_hidden=48, fit_latents=4, steps=250,
    betas=(0.1, 1.0, 10.0), loose=0.1, rows=(100, 1200),
    few=100, many=1200, measured=100, samples=50,
)  # fmt: skip
PICTURES, DRAWS, CONTOURS = 5, 32, 8


@dataclass(frozen=True, eq=False)
class TheoryModels:
    """What the figures of trained models are drawn from.

    Attributes
    ----------
    dataset : where the images are from
    X, y : test images, binary, and their classes
    image_shape : of the images
    decomposition : of the first images in `X`, by a VAE of two latents
    contours : rows of it, from a small gap to a large one
    autoencoder, vae : the latent planes of an autoencoder and of that VAE
    mapped : classes of their codes
    by_beta : fits to few rows, by beta
    by_rows : fits by number of rows, with a loose beta and with 1
    sweep : fits to many rows, by beta
    reconstructions, samples : of the fits of the sweep, (fits, images, features)
    seconds : what training and measuring took
    """

    dataset: Dataset
    X: np.ndarray
    y: np.ndarray
    image_shape: tuple[int, ...]
    decomposition: Decomposition
    contours: tuple[int, ...]
    autoencoder: LatentView
    vae: LatentView
    mapped: np.ndarray
    by_beta: tuple[FitMeasures, ...]
    by_rows: tuple[FitMeasures, ...]
    sweep: tuple[FitMeasures, ...]
    reconstructions: np.ndarray
    samples: np.ndarray
    seconds: float


def fit_theory_models(
    *, quick: bool = False, seed: int = 0, say: Callable[[str], None] = lambda line: None
) -> TheoryModels:
    """Fit and measure all that the figures need: two or three minutes on two cores, or seconds if `quick`.

    Parameters
    ----------
    quick : bool, default=False
        Use scikit-learn's small digits and small models.
    seed : int, default=0
        Everything random follows from it.
    say : callable, default: says nothing
        Is told what happens, a line at a time.
    """
    start = time.perf_counter()
    size = SMALL if quick else FULL
    data = _Data.of(load(size.data), size)
    planes = {"autoencoder": Autoencoder, "vae": VAE}
    fitted = {name: _plane(kind, data, size, seed, say, name) for name, kind in planes.items()}
    say(f"splitting the evidence of {size.decomposed} images")
    decomposition = decompose(fitted["vae"], data.X_test[: size.decomposed])
    noise = np.random.default_rng(seed).standard_normal((DRAWS, 2))
    views = {
        name: LatentView(
            np.asarray(model.transform(data.X_test[: size.mapped]), dtype=np.float64),
            np.asarray(model.inverse_transform(noise)).reshape(DRAWS, -1),
        )
        for name, model in fitted.items()
    }
    fits = _Fits(data, size, seed, say)
    by_beta = tuple(fits.measured(beta, size.few) for beta in size.betas)
    by_rows = tuple(fits.measured(beta, rows) for beta in (1.0, size.loose) for rows in size.rows)
    sweep = tuple(fits.measured(beta, size.many) for beta in size.betas)
    pictures = [fits.pictures(beta) for beta in size.betas]
    say(f"models done in {clock(time.perf_counter() - start)}")
    return TheoryModels(
        dataset=data.dataset,
        X=data.X_test,
        y=data.y_test,
        image_shape=data.image_shape,
        decomposition=decomposition,
        contours=_spread(decomposition),
        autoencoder=views["autoencoder"],
        vae=views["vae"],
        mapped=data.y_test[: size.mapped],
        by_beta=by_beta,
        by_rows=by_rows,
        sweep=sweep,
        reconstructions=np.stack([images for images, _ in pictures]),
        samples=np.stack([images for _, images in pictures]),
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True, eq=False)
class _Data:
    """Binary images, for training and for testing."""

    dataset: Dataset
    X: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    image_shape: tuple[int, ...]

    @classmethod
    def of(cls, dataset: Dataset, size: TheorySize) -> _Data:
        X, y = np.asarray(dataset.X), np.asarray(dataset.y)
        assert dataset.image_shape is not None
        if dataset.X_test is None:
            cut = size.plane_rows
            parts = X[:cut], X[cut:], y[cut:]
        else:
            parts = X, np.asarray(dataset.X_test), np.asarray(dataset.y_test)
        ink = [size.white <= images for images in parts[:2]]
        return cls(dataset, ink[0], ink[1], parts[2], dataset.image_shape)


def _settings(data: _Data, seed: int) -> dict[str, Any]:
    """What all fits share: a schedule that ends them, and no rows held out from few."""
    return {
        "likelihood": "bernoulli",
        "image_shape": data.image_shape,
        "learning_rate": 2e-3,
        "schedule": "one-cycle",
        "patience": "never",
        "validation_fraction": 0.0,
        "random_state": seed,
    }


def _plane(
    kind: type[Any], data: _Data, size: TheorySize, seed: int, say: Callable[[str], None], name: str
) -> Any:
    say(
        f"{name}: fitting 2 latents to {min(size.plane_rows, len(data.X))} images, {size.plane_epochs} epochs"
    )
    model = kind(
        2, hidden=size.plane_hidden, max_epochs=size.plane_epochs, batch_size=256, **_settings(data, seed)
    ).fit(data.X[: size.plane_rows])
    _interrupted(model)
    return model


class _Fits:
    """Fits by beta and rows, each made once."""

    def __init__(self, data: _Data, size: TheorySize, seed: int, say: Callable[[str], None]) -> None:
        self.data, self.size, self.seed, self.say = data, size, seed, say
        self.done: dict[tuple[float, int], tuple[Any, FitMeasures]] = {}

    def measured(self, beta: float, rows: int) -> FitMeasures:
        return self._fit(beta, rows)[1]

    def pictures(self, beta: float) -> tuple[np.ndarray, np.ndarray]:
        """Test images through the model, and draws from it."""
        model = self._fit(beta, self.size.many)[0]
        again = np.asarray(model.reconstruct(self.data.X_test[:PICTURES]))
        noise = np.random.default_rng(self.seed).standard_normal((PICTURES, self.size.fit_latents))
        drawn = np.asarray(model.inverse_transform(noise))
        return again.reshape(PICTURES, -1), drawn.reshape(PICTURES, -1)

    def _fit(self, beta: float, rows: int) -> tuple[Any, FitMeasures]:
        if (beta, rows) in self.done:
            return self.done[beta, rows]
        size, X = self.size, self.data.X[:rows]
        batch = min(size.batch, rows)
        model = VAE(
            size.fit_latents,
            hidden=(size.fit_hidden,),
            beta=beta,
            max_epochs=max(1, round(size.steps * batch / rows)),
            batch_size=batch,
            **_settings(self.data, self.seed),
        ).fit(X)
        _interrupted(model)
        parts = {"train": X[: size.measured], "test": self.data.X_test[: size.measured]}
        bounds = {name: measure_bound(model, part, self.seed) for name, part in parts.items()}
        found = {name: measure_likelihood(model, part, size.samples).mean for name, part in parts.items()}
        measures = FitMeasures(
            beta=beta,
            rows=rows,
            train_reconstruction=bounds["train"].log_likelihood,
            test_reconstruction=bounds["test"].log_likelihood,
            train_kl=bounds["train"].kl,
            test_kl=bounds["test"].kl,
            train_likelihood=found["train"],
            test_likelihood=found["test"],
        )
        self.say(
            f"beta {beta:g}, {rows} rows: ln p(x) {found['train']:.1f} nats, held out {found['test']:.1f}"
        )
        self.done[beta, rows] = (model, measures)
        return self.done[beta, rows]


def _spread(split: Decomposition) -> tuple[int, ...]:
    """Rows from the smallest to the largest gap but for the outermost twentieths."""
    order = np.argsort(split.inference_gap, kind="stable")
    places = np.linspace(0.05, 0.95, CONTOURS) * (len(order) - 1)
    return tuple(int(order[round(place)]) for place in places)


def _interrupted(model: Any) -> None:
    """Ctrl-C ends a fit early; it is to end all of it."""
    if model.stopped_ == "interrupted":
        raise KeyboardInterrupt
