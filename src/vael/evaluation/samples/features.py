"""Features to compare samples in: the caller's own, or those of a small classifier trained on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from vael.datasets.checks import check_labels
from vael.errors import InputError
from vael.evaluation.samples.distances import blocks
from vael.evaluation.samples.rows import as_rows, check_width
from vael.nn import MLP, ConvolutionalEncoder

__all__ = ["ClassifierFeatures", "FeatureExtractor", "extract", "space_of"]

_CHUNK = 256  # rows that pass through the network together, always


@runtime_checkable
class FeatureExtractor(Protocol):
    """Anything called with rows (n, features) that gives their features (n, d).

    An attribute `name`, where it has one, says in tables what the features are.
    """

    def __call__(self, X: np.ndarray, /) -> np.ndarray:
        """Give the features of rows, one row each, in their order."""
        ...


def space_of(features: FeatureExtractor | None) -> str:
    """Say in words what distances are measured in."""
    if features is None:
        return "rows as given"
    fallback = getattr(features, "__name__", type(features).__name__)
    return str(getattr(features, "name", f"features of {fallback}"))


def extract(features: FeatureExtractor | None, X: np.ndarray, name: str) -> np.ndarray:
    """Give the features of rows, checked, in float64; the rows themselves where there is no extractor."""
    if features is None:
        return X.astype(np.float64)
    found = as_rows(np.asarray(features(X)), f"the features of {name}")
    if len(found) != len(X):
        raise InputError(
            f"the feature extractor gave {len(found)} rows for the {len(X)} of {name}: one each, please"
        )
    return found.astype(np.float64)


@dataclass(frozen=True, eq=False)
class ClassifierFeatures:
    """The last hidden layer of a small classifier; make one with `fit`.

    Attributes
    ----------
    network : from rows on the network's scale to class scores
    kind : "convolutional" or "MLP"
    accuracy : share of right labels on rows that it was not trained on
    n_train, n_test : rows for training, and for that accuracy
    centre, scale : a row x enters the network as (x - centre) / scale
    n_features : width of a row

    Examples
    --------
    >>> from vael.datasets import load
    >>> digits = load("digits")
    >>> features = ClassifierFeatures.fit(digits.X, digits.y, (8, 8), epochs=2)
    >>> features(digits.X[:3]).shape
    (3, 64)
    """

    network: nn.Module
    kind: str
    accuracy: float
    n_train: int
    n_test: int
    centre: float
    scale: float
    n_features: int

    @property
    def name(self) -> str:
        """What the features are, with how good the classifier is: to stand beside every number."""
        return f"features of a {self.kind} classifier, test accuracy {100 * self.accuracy:.1f} %"

    def __call__(self, X: np.ndarray, /) -> np.ndarray:
        """Give the last hidden layer (n, width), float32; a row's does not depend on the rows beside it."""
        rows = as_rows(X, "X")
        if rows.shape[1] != self.n_features:
            raise InputError(
                f"X has {rows.shape[1]} features a row, but the classifier takes {self.n_features}"
            )
        return self._through(self.network[:-1], rows)  # pyright: ignore[reportIndexIssue]

    def predict_classes(self, X: np.ndarray) -> np.ndarray:
        """Give the index of the likeliest class, in the order of the sorted labels."""
        return self._through(self.network, as_rows(X, "X")).argmax(axis=1)

    def _through(self, network: nn.Module, rows: np.ndarray) -> np.ndarray:
        device = next(self.network.parameters()).device
        found: list[np.ndarray] = []
        with torch.no_grad():
            for part in blocks(len(rows), _CHUNK):
                x = np.zeros((_CHUNK, rows.shape[1]), np.float32)
                x[: part.stop - part.start] = (rows[part] - self.centre) / self.scale
                out = network(torch.from_numpy(x).to(device)).cpu().numpy()
                found.append(out[: part.stop - part.start])
        return np.concatenate(found)

    @classmethod
    def fit(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        image_shape: Sequence[int] | None = None,
        *,
        width: int = 64,
        epochs: int = 6,
        test_fraction: float = 0.2,
        most: int = 10_000,
        random_state: int | np.random.Generator | None = 0,
    ) -> ClassifierFeatures:
        """Train a classifier: convolutional for images of 8 x 8 or more, else an MLP.

        Two strided convolutions (16, 32 channels) or one hidden layer of 256, then the layer of features,
        then class scores; cross-entropy, Adam at a rate that rises to 5e-3 and falls to 0, batches of 64.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Real rows, not those that are evaluated.
        y : array-like of shape (n,)
            Their labels; two classes or more.
        image_shape : (H, W) or (H, W, C), default=None
            None makes an MLP.
        width : int, default=64
            Number of features.
        epochs : int, default=6
            Passes over the rows.
        test_fraction : float, default=0.2
            Share of the rows kept for the accuracy.
        most : int, default=10000
            Rows used, drawn by `random_state`.
        random_state : int, Generator or None, default=0
            Draws rows, weights and batches.
        """
        rows = as_rows(X, "X", min_rows=10)
        labels, codes = np.unique(check_labels(y, len(rows)), return_inverse=True)
        _check_setting(len(labels), width, epochs, test_fraction, rows, image_shape)
        rng = np.random.default_rng(random_state)
        chosen = rng.permutation(len(rows))[:most]
        n_test = max(1, round(test_fraction * len(chosen)))
        test, train = chosen[:n_test], chosen[n_test:]
        centre = float(rows[train].mean(dtype=np.float64))
        scale = float(rows[train].std(dtype=np.float64)) or 1.0
        network, kind = _network(rows.shape[1], len(labels), image_shape, width, rng)
        x = torch.from_numpy(((rows[train] - centre) / scale).astype(np.float32))
        _train(network, x, torch.from_numpy(codes[train]), epochs, rng)
        result = cls(network, kind, 0.0, len(train), n_test, centre, scale, rows.shape[1])
        accuracy = float((result.predict_classes(rows[test]) == codes[test]).mean())
        return cls(network, kind, accuracy, len(train), n_test, centre, scale, rows.shape[1])


def _check_setting(
    classes: int,
    width: int,
    epochs: int,
    test_fraction: float,
    rows: np.ndarray,
    image_shape: Sequence[int] | None,
) -> None:
    if classes < 2:
        raise InputError(f"a classifier needs labels of two classes or more, got {classes}")
    if width < 1 or epochs < 1:
        raise InputError(f"width and epochs must be 1 or more, got {width} and {epochs}")
    if not 0 < test_fraction < 1:
        raise InputError(f"test_fraction must be between 0 and 1, got {test_fraction}")
    if image_shape is not None:
        check_width(rows, np.empty((0, int(np.prod(image_shape)))), "X", f"image_shape {tuple(image_shape)}")


def _network(
    inputs: int, classes: int, image_shape: Sequence[int] | None, width: int, rng: np.random.Generator
) -> tuple[nn.Sequential, str]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        images = image_shape is not None and min(image_shape[:2]) >= 8
        body: Any = (
            ConvolutionalEncoder(image_shape, width, channels=(16, 32))
            if images and image_shape is not None
            else MLP(inputs, width, hidden=(256,))
        )
        network = nn.Sequential(body, nn.SiLU(), nn.Linear(width, classes))
    return network, "convolutional" if images else "MLP"


def _train(network: nn.Module, x: Tensor, codes: Tensor, epochs: int, rng: np.random.Generator) -> None:
    batch = min(64, len(x))
    steps = len(x) // batch
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    last = epochs * steps
    pace = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / (0.3 * last), 1.4 * (1 - step / last), 1.0)
    )
    network.train()
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for step in range(steps):
            rows = order[step * batch : (step + 1) * batch]
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(x[rows]), codes[rows]).backward()
            optimiser.step()
            pace.step()
    network.eval()
    network.requires_grad_(False)
