"""What was fitted and how, in words: every choice, and who made it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from vael.datasets import Dataset
from vael.estimators import VAE, Autoencoder
from vael.estimators.presets import preset
from vael.models import Bernoulli, DecoderEnsemble, WrappedNormalPrior
from vael.report.blocks import Fact
from vael.specification import describe

__all__ = ["choices", "clock", "duration", "likelihood_name", "training_facts"]

_LIKELIHOODS = {
    "bernoulli": "Bernoulli, greys drawn as 0 or 1 anew for each batch",
    "bernoulli-static": "Bernoulli, greys drawn as 0 or 1 once",
    "bernoulli-greys": "Bernoulli on greys (not a likelihood)",
    "continuous-bernoulli": "continuous Bernoulli",
    "gaussian": "Gaussian, a learned scale for each feature",
    "gaussian-shared": "Gaussian, one learned scale",
    "gaussian-fixed": "Gaussian of scale 1",
    "discretised-logistic": "discretised logistic",
    "categorical": "categorical",
}
_REASONS = {
    "bernoulli": "the data hold 0 and 1 only",
    "continuous-bernoulli": "the data hold greys between black and white",
    "categorical": "the data hold few whole numbers",
    "gaussian": "the data hold real numbers; a scale that is learned weighs the features itself",
}
_POSTERIORS = {
    "DiagonalNormalPosterior": "normal with a diagonal covariance",
    "FullNormalPosterior": "normal with a full covariance",
    "SharedScalePosterior": "normal, scales shared by all rows",
    "DeltaPosterior": "a point",
    "VonMisesFisherPosterior": "von Mises-Fisher",
    "PowerSphericalPosterior": "power spherical",
    "WrappedNormalPosterior": "wrapped normal",
}
_NETWORKS = {
    "MLP": "multilayer perceptron",
    "GatedMLP": "gated multilayer perceptron",
    "Linear": "one affine map",
    "ConvolutionalEncoder": "convolutional",
    "ConvolutionalDecoder": "convolutional",
    "OverImages": "your own",
}
_STOPPED = {
    "max_epochs": "`max_epochs` was reached",
    "interrupted": "it was interrupted",
    "callback": "a callback asked for it",
}


def likelihood_name(estimator: VAE | Autoencoder) -> str:
    """Return the likelihood in words."""
    likelihood = getattr(estimator.model_.decoder, "likelihood", None)
    if isinstance(likelihood, Bernoulli) and estimator.schema_.dtype == "bool":
        return "Bernoulli"
    return _LIKELIHOODS.get(estimator.likelihood_, type(likelihood).__name__)


def choices(estimator: VAE | Autoencoder, dataset: Dataset) -> list[Fact]:
    """List the data and the parts of the model."""
    model = estimator.model_
    shape = estimator.image_shape_
    tests = "" if dataset.X_test is None else f" and {len(dataset.X_test)} test rows"
    kind = f"images of {' × '.join(map(str, shape))}" if shape else f"rows of {dataset.X.shape[1]} features"
    prior = "none" if model.prior is None else _prior(model.prior)
    posterior = getattr(model.encoder, "posterior", model.encoder)
    return [
        Fact("Data", dataset.name, note=f"{len(dataset.X)} {kind}{tests}"),
        Fact("Model", _preset_name(estimator), note=preset(_preset_name(estimator)).reference),
        Fact("Latents", estimator.n_components_),
        Fact("Prior p(z)", prior),
        Fact("Posterior q(z|x)", _POSTERIORS.get(type(posterior).__name__, type(posterior).__name__)),
        Fact("Likelihood p(x|z)", likelihood_name(estimator), note=_why(estimator)),
        Fact("Encoder", _network(model.encoder, estimator)),
        Fact("Decoder", _network(model.decoder, estimator)),
        Fact("Objective", _objective(estimator.objective_)),
    ]


def training_facts(estimator: VAE | Autoencoder) -> list[Fact]:
    """List how training went: rows, settings, time, and why it stopped."""
    settings, history = estimator.settings_, estimator.history_
    kept = f"those of epoch {estimator.best_epoch_}"
    by = "held-out bound" if estimator.n_validation_ else "training bound"
    seconds = history[-1].seconds if history else 0.0
    rate = estimator.n_train_ * len(history) / seconds if seconds > 0 else float("nan")
    patience = "none" if settings.patience is None else f"{settings.patience} epochs"
    return [
        Fact("Rows", f"{estimator.n_train_} trained on, {estimator.n_validation_} held out"),
        Fact("Epochs", estimator.n_iter_, note=f"of at most {settings.max_epochs}"),
        Fact("Ended because", _stopped(estimator)),
        Fact("Weights kept", kept, note=f"the best {by}, {_nats(estimator.bound_)} nats a row"),
        Fact("Batch", settings.batch_size, "rows"),
        Fact("Step size", f"Adam, {settings.learning_rate:g}", note=f"{settings.schedule} schedule"),
        Fact("Patience", patience),
        Fact("Precision", settings.precision, note=f"device {settings.device}"),
        Fact(
            "Seed", f"random_state {estimator.random_state}", note=f"from which {estimator.seed_} was drawn"
        ),
        Fact("Training time", duration(seconds), note=f"{rate:,.0f} rows a second, validation left out"),
    ]


def duration(seconds: float) -> str:
    """Write a time: 4.2 s, 93 s, 12 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def clock(seconds: float) -> str:
    """Write a time as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _nats(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _stopped(estimator: VAE | Autoencoder) -> str:
    if estimator.stopped_ == "converged":
        what = "held-out" if estimator.n_validation_ else "training"
        return f"the {what} bound had not improved for {estimator.settings_.patience} epochs"
    return _STOPPED.get(estimator.stopped_, estimator.stopped_).replace("`", "")


def _preset_name(estimator: VAE | Autoencoder) -> str:
    return estimator.preset if isinstance(estimator, VAE) else "autoencoder"


def _prior(prior: nn.Module) -> str:
    if isinstance(prior, WrappedNormalPrior):
        return f"wrapped normal on hyperbolic space of curvature {prior.curvature:.3g}".replace("-", "−")
    names = {"StandardNormal": "standard normal", "UniformSphere": "uniform on the sphere"}
    return names.get(type(prior).__name__, type(prior).__name__)


def _why(estimator: VAE | Autoencoder) -> str:
    if estimator.likelihood != "auto":
        return "as asked for"
    if preset(_preset_name(estimator)).likelihood != "auto":
        return "the preset's"
    return f"chosen because {_REASONS.get(estimator.likelihood_, 'it fits the data')}"


def _network(part: nn.Module, estimator: VAE | Autoencoder) -> str:
    net: nn.Module = getattr(part, "net", part)
    name = _NETWORKS.get(type(net).__name__, type(net).__name__)
    if isinstance(part, DecoderEnsemble):
        name = f"{len(part)} networks" + (" over one trunk" if part.trunk is not None else "")
    count = sum(p.numel() for p in part.parameters())
    widths = [str(m.in_features) for m in net.modules() if isinstance(m, nn.Linear)]
    if type(net).__name__ in ("MLP", "GatedMLP", "Linear"):
        last = [m.out_features for m in net.modules() if isinstance(m, nn.Linear)][-1]
        inside = f", {estimator.activation}" if type(net).__name__ == "MLP" else ""
        name = f"{name} {'–'.join([*widths, str(last)])}{inside}"
    return f"{name}, {count:,} parameters"


def _objective(objective: Any) -> str:
    described = describe(objective)
    if not isinstance(described, dict) or "part" not in described:
        return type(objective).__name__
    settings: Sequence[str] = [
        f"{k.replace('_', ' ')} {v:g}" if isinstance(v, float) else f"{k.replace('_', ' ')} {v}"
        for k, v in described.items()
        if k != "part"
    ]
    return described["part"] + (f" ({', '.join(settings)})" if settings else "")
