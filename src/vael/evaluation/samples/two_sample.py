"""Classifier two-sample test: whether samples can be told from data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest

from vael.errors import InputError
from vael.evaluation.samples.rows import as_rows, check_width, draw_rows
from vael.evaluation.tables import text_table

__all__ = ["ClassifierTwoSample", "classifier_two_sample"]

LEAST_ROWS = 10  # a sample


@dataclass(frozen=True)
class ClassifierTwoSample:
    """How well a classifier tells rows of two samples apart on rows that it was not fitted on.

    Attributes
    ----------
    accuracy : share of right answers; 1/2 in expectation where both have one law
    p_value : chance of as many right answers by fair coins, exact binomial, one-sided
    auc : area under the ROC curve of its scores; None where it gives none
    classifier : its name: another may see what this one does not
    n_train, n_test : rows of both samples together
    """

    accuracy: float
    p_value: float
    auc: float | None
    classifier: str
    n_train: int
    n_test: int

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes."""
        return asdict(self)

    def __str__(self) -> str:
        """Text: a table of one row, and what the numbers are."""
        row = [
            f"{100 * self.accuracy:.2f} %",
            f"{self.p_value:.3g}" if self.p_value > 0 else "< 1e-300",
            "not defined" if self.auc is None else f"{self.auc:.4f}",
        ]
        return (
            text_table(["accuracy", "p-value", "AUC"], [row])
            + f"\n\nClassifier two-sample test, {self.classifier}; fitted on {self.n_train} rows, tested on "
            f"{self.n_test} others, half of each sample; exact binomial p-value"
        )


def classifier_two_sample(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    classifier: Any = None,
    test_fraction: float = 0.5,
    random_state: int | np.random.Generator | None = 0,
) -> ClassifierTwoSample:
    """Fit a classifier to tell X from Y, and test it on held-out rows of both.

    Where X and Y have one law, each answer on a held-out row is a fair coin whatever was fitted, so the
    p-value is exact; a classifier that cannot see a difference makes it large, so a large one proves
    nothing.

    Parameters
    ----------
    X, Y : array-like of shape (n, ...)
        As many rows of each, 10 or more.
    classifier : scikit-learn classifier, default=None
        Cloned, then fitted; one that draws and has `random_state=None` is given a seed. None takes logistic
        regression on standardised features (C = 0.01), which sees differences of means alone:
        `KNeighborsClassifier`, `HistGradientBoostingClassifier` or `MLPClassifier` see others.
    test_fraction : float, default=0.5
        Share of the rows kept for the test.
    random_state : int, Generator or None, default=0
        Draws the split.

    References
    ----------
    Lopez-Paz & Oquab 2017, arXiv 1610.06545, section 3 (whose normal approximation is the binomial here).
    """
    x, y = as_rows(X, "X", min_rows=LEAST_ROWS), as_rows(Y, "Y", min_rows=LEAST_ROWS)
    check_width(x, y, "X", "Y")
    n = len(x)
    if len(y) != n:
        raise InputError(
            f"X has {n} rows and Y has {len(y)}: give as many of each, so that chance is an accuracy of 1/2"
        )
    n_test = round(n * test_fraction)
    if not 0 < test_fraction < 1 or not 1 <= n_test < n:
        raise InputError(f"test_fraction must leave rows on both sides, got {test_fraction} of {n} rows")
    rng = np.random.default_rng(random_state)
    model, name = _prepared(classifier, rng)
    orders = draw_rows(n, n, rng), draw_rows(n, n, rng)
    train = np.concatenate([x[orders[0][n_test:]], y[orders[1][n_test:]]])
    test = np.concatenate([x[orders[0][:n_test]], y[orders[1][:n_test]]])
    model.fit(train, np.repeat([0, 1], n - n_test))
    truth = np.repeat([0, 1], n_test)
    right = int((model.predict(test) == truth).sum())
    return ClassifierTwoSample(
        accuracy=right / (2 * n_test),
        p_value=float(binomtest(right, 2 * n_test, 0.5, alternative="greater").pvalue),
        auc=_auc(model, test, truth),
        classifier=name,
        n_train=2 * (n - n_test),
        n_test=2 * n_test,
    )


def _prepared(classifier: Any, rng: np.random.Generator) -> tuple[Any, str]:
    """Return an unfitted classifier, and its name."""
    from sklearn.base import clone, is_classifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    seed = int(rng.integers(2**31))
    if classifier is None:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000, tol=1e-3))
        return model, "logistic regression on standardised features"
    if not is_classifier(classifier):
        raise InputError(f"classifier must be a classifier of scikit-learn, got {type(classifier).__name__}")
    model: Any = clone(classifier)
    unset = {
        name: seed
        for name, value in model.get_params().items()
        if value is None and name.split("__")[-1] == "random_state"
    }
    model.set_params(**unset)
    steps = getattr(model, "steps", None)
    names = [type(step).__name__ for _, step in steps] if steps else [type(model).__name__]
    return model, ", ".join(names)


def _auc(model: Any, test: np.ndarray, truth: np.ndarray) -> float | None:
    from sklearn.metrics import roc_auc_score

    if hasattr(model, "decision_function"):
        return float(roc_auc_score(truth, model.decision_function(test)))
    if hasattr(model, "predict_proba"):
        return float(roc_auc_score(truth, model.predict_proba(test)[:, 1]))
    return None
