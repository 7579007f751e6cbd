"""The autoencoder, with scikit-learn's face."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from torch import nn

from vael.estimators.base import LatentEstimator
from vael.estimators.schema import flat_rows
from vael.models import Likelihood

__all__ = ["Autoencoder"]


class Autoencoder(LatentEstimator):
    """Autoencoder: learns a code of few numbers from which rows can be rebuilt; no distribution.

    Parameters
    ----------
    n_components : int, default=10
        Number of latents.
    hidden, network, activation, encoder, decoder, image_shape : default=None
        The networks; as in `VAE`.
    likelihood : str or Likelihood, default="auto"
        What the reconstruction is measured by; ``"auto"``: a Gaussian of scale 1, which is half the
        squared error.
    n_decoders, ensemble : default=1, "full"
        Several networks in the decoder; as in `VAE`.
    validation_fraction, max_epochs, batch_size, learning_rate, schedule, patience : default=None
        Training; as in `VAE`.
    precision, compile, device, random_state, verbose, run, resume
        As in `VAE`.

    Attributes
    ----------
    model_ : LatentVariableModel
        The fitted model; its prior is None.
    history_ : list of EpochMetrics
        What each epoch measured.
    bound_ : float
        Best log-likelihood of reconstructions of the validation rows, nats a row.
    n_components_, n_features_in_ : int
        Numbers of latents and features.
    feature_names_in_ : ndarray of str
        Names of the features, where X had names.

    See Also
    --------
    VAE : with a prior, and so with samples and likelihoods.

    References
    ----------
    Hinton & Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from vael import Autoencoder
    >>> X = load_digits().data / 16
    >>> Autoencoder(n_components=2, max_epochs=3, random_state=0).fit_transform(X).shape
    (1797, 2)
    """

    def __init__(
        self,
        n_components: int = 10,
        *,
        hidden: Any = None,
        network: str | None = None,
        activation: str = "silu",
        likelihood: str | Likelihood = "auto",
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        n_decoders: int = 1,
        ensemble: str = "full",
        image_shape: Any = None,
        validation_fraction: float | None = None,
        max_epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        schedule: str | None = None,
        patience: int | Literal["never"] | None = None,
        precision: str = "float32",
        compile: Any = "auto",  # noqa: A002
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
        run: Any = None,
        resume: bool = False,
    ) -> None:
        self.n_components = n_components
        self.hidden = hidden
        self.network = network
        self.activation = activation
        self.likelihood = likelihood
        self.encoder = encoder
        self.decoder = decoder
        self.n_decoders = n_decoders
        self.ensemble = ensemble
        self.image_shape = image_shape
        self.validation_fraction = validation_fraction
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.patience = patience
        self.precision = precision
        self.compile = compile
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.run = run
        self.resume = resume

    @property
    def _preset_name(self) -> str:
        return "autoencoder"

    def score(self, X: Any, y: Any = None) -> float:
        """Return minus the mean squared error of the reconstructions, a feature: higher is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images as given to `fit`
            Rows.
        y : Ignored
            Not used, present for API consistency.

        Returns
        -------
        score : float
            In squared units of the data.
        """
        rows = self._flat(X).astype(np.float64)
        return -float(((rows - flat_rows(self.reconstruct(X))) ** 2).mean())
