"""Models side by side on the same rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from vael.datasets.checks import check_array, check_labels
from vael.errors import InputError
from vael.evaluation.comparison.contestants import Contestant, contestant
from vael.evaluation.comparison.judging import Judged, Setting, judge
from vael.evaluation.comparison.measures import measures_of
from vael.evaluation.comparison.neighbours import why_no_classes
from vael.evaluation.comparison.results import Comparison
from vael.evaluation.comparison.rows import binarised, own_order, top_of
from vael.evaluation.samples import FeatureExtractor

__all__ = ["compare"]


def compare(
    models: Mapping[str, Any],
    X_test: Any,
    *,
    X_train: Any = None,
    y_test: Any = None,
    y_train: Any = None,
    samples: int = 500,
    generated: int = 1000,
    most_train: int = 10_000,
    features: FeatureExtractor | None = None,
    random_state: int | np.random.Generator | None = 0,
    progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Measure models on the same rows, with intervals, and their differences to the first, paired by row.

    ln p(x) is estimated for all by importance sampling from their own posteriors, with the same number of
    samples: a lower bound in the mean, which is the tighter the better the posterior. Densities are not
    compared with probabilities, nor with densities of values on another scale. Greys under a binary law are
    made 0 or 1 once, by coins that all models share.

    Parameters
    ----------
    models : mapping of str to model
        Fitted estimators, `LatentVariableModel` (for rows on its own scale) and `ForeignModel`, by name.
    X_test : array-like of shape (n, ...)
        Rows that no model was trained on, as given to `fit`.
    X_train : array-like of shape (m, ...), default=None
        Rows that they were trained on: without them samples and neighbours are not judged.
    y_test, y_train : array-like of shape (n,) and (m,), default=None
        Labels, for the accuracy of nearest neighbours in latent space; -1 marks a row without one.
    samples : int, default=500
        Importance samples of each row.
    generated : int, default=1000
        Rows that each model makes, for the scores of samples.
    most_train : int, default=10000
        Training rows that are used, drawn at random.
    features : FeatureExtractor, default=None
        What the scores of samples are computed on; None: the rows themselves.
    random_state : int, Generator or None, default=0
        All draws follow from it. The order of the rows changes nothing.
    progress : callable, default=None
        Is told each part before it starts.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        For rows that a model cannot take, or a model that gives no finite numbers; it is named.

    Examples
    --------
    >>> import vael
    >>> from sklearn.datasets import load_digits
    >>> from vael.evaluation.comparison import compare
    >>> X = load_digits().data
    >>> few, many = (vael.VAE(d, max_epochs=2, random_state=0).fit(X[:1500]) for d in (2, 8))
    >>> found = compare({"few": few, "many": many}, X[1500:], samples=20)
    >>> found.difference("ln p(x)", "many").pairing
    'by row'
    """
    if not models:
        raise InputError("give one model or more, by name: compare({'vae': vae, ...}, X_test)")
    if samples < 2 or most_train < 1 or generated < 0:
        raise InputError(
            "samples must be >= 2, most_train >= 1 and generated >= 0, "
            f"got {samples}, {most_train} and {generated}"
        )
    known = {str(name): contestant(str(name), model) for name, model in models.items()}
    seed = _seed(random_state)
    setting, order, notes = _prepare(
        known, X_test, X_train, y_test, y_train, samples, generated, most_train, features, seed
    )
    judged: dict[str, Judged] = {}
    for name, model in known.items():
        with _named(name):
            judged[name] = judge(model, setting, lambda part, name=name: _say(progress, f"{name}: {part}"))
    made = list(measures_of(known, judged, setting, seed))
    values = _row_values(judged, order)
    return Comparison(
        models=tuple(known),
        measures=tuple(each for measures, _ in made for each in measures),
        differences=tuple(each for _, differences in made for each in differences),
        notes=(*notes, *_notes(judged, samples)),
        rows=len(setting.X),
        train_rows=0 if setting.train is None else len(setting.train),
        random_state=seed,
        seconds={name: each.seconds for name, each in judged.items()},
        row_values=values,
        generated={n: j.generated for n, j in judged.items() if not isinstance(j.generated, str)},
    )


def _prepare(
    models: Mapping[str, Contestant],
    X_test: Any,
    X_train: Any,
    y_test: Any,
    y_train: Any,
    samples: int,
    generated: int,
    most_train: int,
    features: FeatureExtractor | None,
    seed: int,
) -> tuple[Setting, np.ndarray, list[str]]:
    """Check what was given; rows in an order of their own, that order, and what is to be said."""
    given = check_array(X_test, name="X_test", ranks=(2, 3, 4))
    y = None if y_test is None else check_labels(y_test, len(given), name="y_test")
    train = None if X_train is None else check_array(X_train, name="X_train", ranks=(2, 3, 4))
    if train is not None and train.shape[1:] != given.shape[1:]:
        raise InputError(
            f"rows of X_train have shape {train.shape[1:]}, but those of X_test {given.shape[1:]}"
        )
    if (y_test is None) != (y_train is None) or (y_train is not None and train is None):
        raise InputError("neighbours need X_train, y_train and y_test: give all of them, or no labels")
    known = None if train is None or y_train is None else check_labels(y_train, len(train), name="y_train")
    order = own_order(given, y)
    X, y = given[order], None if y is None else y[order]
    seeds = [int(s) for s in np.random.SeedSequence(seed).generate_state(4)]
    if train is not None:
        chosen = own_order(train, known)
        rng = np.random.default_rng(seeds[0])
        chosen = chosen[np.sort(rng.permutation(len(train))[:most_train])]
        train, known = train[chosen], None if known is None else known[chosen]
    notes: list[str] = []
    if known is not None and y is not None:
        why = _why_no_labels(known, y)
        if why:
            notes.append(f"neighbours are not judged: {why}")
            known = y = None
    top = top_of(X, list(models.values()))
    one = 1.0 if top is None else top
    binary = bool(np.isin(X, (0, one)).all())
    coins = X if top is None or binary else binarised(X, top, seed)
    if top is not None and not binary:
        notes.append("greys under a binary law are made 0 or 1 once, by coins that all models share")
    pictures = not binary and (X.dtype == np.uint8 or bool(X.min() >= 0 and X.max() <= 1))
    return (
        Setting(
            X=X,
            coins=coins,
            top=top,
            y=y,
            train=train,
            y_train=known,
            samples=samples,
            generated=generated if train is not None else 0,
            drawn=not pictures,
            features=features,
            seeds=(seed, seeds[1], seeds[2]),
        ),
        order,
        notes,
    )


def _why_no_labels(known: np.ndarray, y: np.ndarray) -> str:
    missing = [bool((labels == -1).any()) for labels in (known, y) if labels.dtype.kind in "if"]
    if any(missing):
        return "some rows have no label"
    return why_no_classes(known, y)


def _row_values(judged: Mapping[str, Judged], order: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """Values of rows in the order in which they were given."""
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    values: dict[str, dict[str, np.ndarray]] = {}
    for model, each in judged.items():
        found = {"reconstruction error": each.squared_error}
        found |= {f"{k}-NN accuracy": right for k, right in each.right.items()}
        if not isinstance(each.evidence, str):
            own = each.evidence
            found |= {
                "ln p(x)": own.log_p.values,
                "ELBO": own.elbo.values,
                "effective samples": own.effective,
            }
        for name, array in found.items():
            values.setdefault(name, {})[model] = array[back]
    return values


def _notes(judged: Mapping[str, Judged], samples: int) -> Generator[str]:
    trusted = {
        n: float(e.evidence.trusted.mean()) for n, e in judged.items() if not isinstance(e.evidence, str)
    }
    doubtful = [f"{name} ({100 * (1 - share):.0f} %)" for name, share in trusted.items() if share < 0.5]
    if doubtful:
        yield (
            f"ln p(x) is too low, by an unknown amount, where a few of the {samples} weights decide: "
            f"for most rows of {', '.join(doubtful)}; use more samples"
        )
    for name, each in judged.items():
        if isinstance(each.scores, str) and each.scores != "none were asked for":
            yield f"samples of {name} are not judged: {each.scores}"


def _seed(random_state: int | np.random.Generator | None) -> int:
    if isinstance(random_state, int | np.integer):
        if not 0 <= random_state < 2**32:
            raise InputError(f"random_state must be from 0 to {2**32 - 1}, got {random_state}")
        return int(random_state)
    return int(np.random.default_rng(random_state).integers(2**32))


def _say(progress: Callable[[str], None] | None, text: str) -> None:
    if progress is not None:
        progress(text)


@contextmanager
def _named(name: str) -> Generator[None]:
    """Name the model in an error; rows without feature names are meant for all models."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        try:
            yield
        except InputError as error:
            raise InputError(f"model {name!r}: {error}") from error
