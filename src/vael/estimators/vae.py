"""The variational autoencoder, with scikit-learn's face."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from vael.distributions import draw
from vael.errors import InputError
from vael.estimators.base import LatentEstimator
from vael.estimators.door import seed_of, whole_number
from vael.estimators.inference import CHUNK, log_evidence, module_device
from vael.estimators.latent_spaces import latent_space
from vael.estimators.presets import Preset
from vael.estimators.support import check_support
from vael.models import Likelihood
from vael.objectives import ELBO, Objective

__all__ = ["VAE"]


class VAE(LatentEstimator):
    """Variational autoencoder (Kingma & Welling 2014): learns the distribution of the rows of X.

    Parameters
    ----------
    n_components : int, default=10
        Number of latents: the dimension of their space.
    latent_space : {"euclidean", "sphere", "poincare"}, default="euclidean"
        What latents are. On the unit sphere a latent has ``n_components + 1`` coordinates, a vector of
        length 1; in the Poincare ball, a hyperbolic space of learned curvature, it has ``n_components``, a
        vector shorter than 1. `transform` returns these coordinates and `inverse_transform` takes them.
    preset : str, default="vae"
        A model of the literature: ``"vae"``, ``"beta-vae"``, ``"iwae"``, ``"ppca"``, ``"autoencoder"``.
        It decides whatever below is None.
    hidden : int or sequence of int, default=None
        Widths of the encoder's hidden layers (the decoder's in reverse), or the channels of a
        convolutional network.
    network : {"mlp", "gated", "convolutional", "linear"}, default=None
        Kind of network.
    activation : str, default="silu"
        Activation of the hidden layers.
    likelihood : str or Likelihood, default="auto"
        p(x|z): a name of ``vael.estimators.LIKELIHOODS``, a likelihood of ``vael.models``, or ``"auto"``:
        chosen from the data and stored in ``likelihood_``.
    prior : str or torch.nn.Module, default=None
        p(z): ``"normal"``, on the sphere ``"uniform"``, in the ball ``"wrapped-normal"``; a module returns
        a distribution over the latents, any zuko flow does.
    posterior : str, default=None
        Family of q(z|x): ``"diagonal"``, ``"full"``, ``"shared"`` or ``"delta"``; on the sphere
        ``"von-mises-fisher"`` or ``"power-spherical"``, in the ball ``"wrapped-normal"``.
    objective : Objective, default=None
        What training maximises, of ``vael.objectives``.
    beta : float, default=None
        Weight of the KL in the loss, for objectives that have one.
    encoder, decoder : torch.nn.Module, default=None
        Networks of your own. A plain module returns the parameters of the posterior or the likelihood
        (images come as (n, C, H, W)); a ``zuko.lazy.LazyDistribution`` returns the distribution itself.
    n_decoders : int, default=1
        Networks of the decoder. Several disagree where there are no data, which gives distances in the
        latent space that hold over retrainings; p(x|z) is then one of theirs, each as likely. Each row
        trains one of them.
    ensemble : {"full", "last-layer"}, default="full"
        What each of several networks has of its own: everything, or the last layer.
    image_shape : tuple, default=None
        (H, W) or (H, W, C), where X is flat but its rows are images.
    validation_fraction : float, default=None
        Part of the rows held out for early stopping.
    max_epochs, batch_size, learning_rate, schedule : default=None
        Training; see ``vael.training.TrainingSettings``.
    patience : int or "never", default=None
        Epochs without a better bound after which training stops.
    precision : {"float32", "bfloat16"}, default="float32"
        Precision of the matrix products.
    compile : bool or "auto", default="auto"
        Compile the training step, where the size of the work pays for it.
    device : str, default="auto"
        ``"cpu"``, ``"cuda"``, ``"mps"``, or the best there is.
    random_state : int, RandomState or None, default=None
        Everything random follows from it: two fits with one number are identical.
    n_importance_samples : int, default=100
        Samples of `score_samples` and `score`.
    verbose : int, default=0
        Show progress on standard error.
    run : path, default=None
        Folder in which the run is kept, with checkpoints.
    resume : bool, default=False
        Go on with the run in that folder.

    Attributes
    ----------
    model_ : LatentVariableModel
        The fitted model.
    history_ : list of EpochMetrics
        What each epoch measured.
    likelihood_ : str
        Name of the likelihood.
    bound_ : float
        Best bound on the validation rows (training rows where none are held out), nats a row.
    best_epoch_, n_iter_ : int
        The epoch whose weights were kept, and how many there were.
    stopped_ : str
        Why training stopped: "converged", "max_epochs", "interrupted" or "callback".
    schema_ : Schema
        Shape and scale of the data.
    n_components_, n_features_in_ : int
        Numbers of latents (the dimension of their space) and features.
    space_ : Space
        The space that latents live in, with its distances and geodesics: of ``vael.distributions``.
    feature_names_in_ : ndarray of str
        Names of the features, where X had names.

    References
    ----------
    Kingma & Welling 2014, Auto-Encoding Variational Bayes, arXiv 1312.6114. Davidson et al. 2018,
    Hyperspherical Variational Auto-Encoders, arXiv 1804.00891. Mathieu et al. 2019, Continuous Hierarchical
    Representations with Poincare Variational Auto-Encoders, arXiv 1901.06033.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from vael import VAE
    >>> X = load_digits().data / 16
    >>> vae = VAE(n_components=2, max_epochs=3, random_state=0).fit(X)
    >>> vae.transform(X).shape
    (1797, 2)
    """

    def __init__(
        self,
        n_components: int = 10,
        *,
        latent_space: str = "euclidean",
        preset: str = "vae",
        hidden: Any = None,
        network: str | None = None,
        activation: str = "silu",
        likelihood: str | Likelihood = "auto",
        prior: str | nn.Module | None = None,
        posterior: str | None = None,
        objective: Objective | None = None,
        beta: float | None = None,
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
        n_importance_samples: int = 100,
        verbose: int = 0,
        run: Any = None,
        resume: bool = False,
    ) -> None:
        self.n_components = n_components
        self.latent_space = latent_space
        self.preset = preset
        self.hidden = hidden
        self.network = network
        self.activation = activation
        self.likelihood = likelihood
        self.prior = prior
        self.posterior = posterior
        self.objective = objective
        self.beta = beta
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
        self.n_importance_samples = n_importance_samples
        self.verbose = verbose
        self.run = run
        self.resume = resume

    @property
    def _preset_name(self) -> str:
        return self.preset

    def _objective(self, chosen: Preset) -> Objective:
        objective = self.objective or chosen.objective
        if self.beta is None:
            return objective
        if not isinstance(objective, ELBO):
            raise InputError(
                f"beta weighs the KL of an ELBO, and {type(objective).__name__} has none: leave it out"
            )
        return replace(objective, beta=self.beta)

    def _parts(self, chosen: Preset) -> tuple[str | nn.Module | None, str]:
        prior, posterior = latent_space(self.latent_space).chosen(chosen.prior, chosen.posterior)
        return prior if self.prior is None else self.prior, self.posterior or posterior

    @property
    def _latent_space(self) -> str:
        return self.latent_space

    def posterior_moments(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of q(z|x) for each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images as given to `fit`
            Rows.

        Returns
        -------
        mean, std : ndarray of shape (n_samples, n_components), on the sphere (n_samples, n_components + 1)
            Moments of the posterior. On the sphere the mean direction, and the deviation of each
            coordinate; in the Poincare ball the centre, and deviations in distances about it.
        """
        mean, std = self._encode(self._flat(X), deviation=True)
        return mean, std

    def score_samples(self, X: Any, *, n_samples: int | None = None) -> np.ndarray:
        """Estimate ln p(x) of each row by importance sampling from the posterior.

        The estimate is a lower bound in the mean, tighter with more samples; compare only estimates of as
        many samples. Real-valued data: log-density of the data as given. Integer images: of the values
        scaled to [0, 1]. Greys under a binary likelihood are binarised first, each pixel at a threshold
        that `random_state` fixes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images as given to `fit`
            Rows.
        n_samples : int, default=None
            Importance samples a row; None: `n_importance_samples`.

        Returns
        -------
        log_likelihood : ndarray of shape (n_samples,)
            In nats.

        References
        ----------
        Burda et al. 2016, arXiv 1509.00519, eq. 8; Rezende et al. 2014, arXiv 1401.4082, appendix E.
        """
        flat = self._flat(X)
        name = "n_importance_samples" if n_samples is None else "n_samples"
        samples = whole_number(name, self.n_importance_samples if n_samples is None else n_samples)
        self._need_prior("ln p(x)")
        check_support(self, flat)
        rows = log_evidence(self.model_, self._rows(flat), len(flat), self.seed_, samples=samples)
        return rows + self.schema_.scaling.log_jacobian

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean of `score_samples`: nats a row, higher is better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images as given to `fit`
            Rows.
        y : Ignored
            Not used, present for API consistency.

        Returns
        -------
        log_likelihood : float
            Mean estimate of ln p(x).
        """
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, *, mean: bool = False, random_state: Any = None) -> np.ndarray:
        """Draw new rows: z from the prior, then x from p(x|z).

        Parameters
        ----------
        n_samples : int, default=1
            How many.
        mean : bool, default=False
            Return the mean of p(x|z) in place of a draw: what pictures of samples usually show.
        random_state : int, RandomState or None, default=None
            Same number, same rows.

        Returns
        -------
        X : ndarray, of the shape and units of the rows given to `fit`
            New rows.
        """
        check_is_fitted(self)
        whole_number("n_samples", n_samples)
        self._need_prior("samples")
        seed = seed_of(random_state)
        model, device = self.model_, module_device(self.model_)
        model.eval()
        generator = torch.Generator(device).manual_seed(seed)
        assert model.prior is not None
        with torch.inference_mode():
            z = draw(model.prior(), (n_samples,), generator)
            parts = [model.decoder(some) for some in z.split(CHUNK)]
            rows = [p.mean if mean else draw(p, (), generator) for p in parts]
        return self.schema_.given(torch.cat(rows).cpu().numpy(), drawn=not mean)

    def _need_prior(self, what: str) -> None:
        if self.model_.prior is None:
            raise InputError(
                f"an autoencoder has no prior, so no {what}: fit a preset with a prior, 'vae' say"
            )
