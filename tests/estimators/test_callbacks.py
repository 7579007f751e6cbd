from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import vael

Quick = Callable[..., vael.VAE]


class Watcher:
    """Keeps what scikit-learn's protocol hands over; stops after an epoch if told."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.calls: list[str] = []
        self.seen: list[Any] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.calls.append("setup")

    def teardown(self, estimator: Any, context: Any) -> None:
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator: Any, context: Any, *, X: Any = None) -> None:
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any = None, fitted_estimator: Any = None
    ) -> bool:
        self.calls.append(f"end {context.task_name}")
        if context.task_name == "epoch":
            metrics = estimator.history_[-1]
            self.seen.append((metrics, fitted_estimator, fitted_estimator.transform(X)))
            return metrics.epoch == self.stop_after
        return False


def test_a_callback_is_told_of_each_epoch_with_its_metrics(quick: Quick, X: np.ndarray) -> None:
    watcher = Watcher()
    vae = quick().set_callbacks(watcher).fit(X)
    assert watcher.calls == ["setup", "begin fit", *["begin epoch", "end epoch"] * 4, "end fit", "teardown"]
    assert [metrics for metrics, _, _ in watcher.seen] == vae.history_


def test_the_fitted_estimator_is_as_if_training_had_stopped_there(quick: Quick, X: np.ndarray) -> None:
    watcher = Watcher()
    quick(schedule="constant").set_callbacks(watcher).fit(X)
    for metrics, fitted, then in watcher.seen:
        np.testing.assert_array_equal(fitted.transform(X), then)  # training went on, apart
        assert fitted.n_iter_ == metrics.epoch
        assert len(fitted.history_) == metrics.epoch
    alone = quick(max_epochs=1, patience=None).fit(X)
    np.testing.assert_array_equal(watcher.seen[0][2], alone.transform(X))


def test_watching_changes_nothing(quick: Quick, X: np.ndarray, weight_bytes: Callable[[Any], bytes]) -> None:
    assert weight_bytes(quick().set_callbacks(Watcher()).fit(X)) == weight_bytes(quick().fit(X))


def test_a_callback_stops_training(quick: Quick, X: np.ndarray) -> None:
    vae = quick(max_epochs=50).set_callbacks(Watcher(stop_after=3)).fit(X)
    assert vae.n_iter_ == 3
    assert vae.stopped_ == "callback"


def test_a_callback_that_fails_is_torn_down(quick: Quick, X: np.ndarray) -> None:
    watcher = Watcher()
    watcher.seen = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        quick().set_callbacks(watcher).fit(X)
    assert watcher.calls[-1] == "teardown"


def test_a_scoring_monitor_scores_each_epoch(quick: Quick, X: np.ndarray) -> None:
    monitor = ScoringMonitor(scoring={"nats": lambda estimator, X, y: estimator.score(X)})
    vae = quick(max_epochs=20, patience=None, learning_rate=1e-2, n_importance_samples=10)
    vae.set_callbacks(monitor).fit(X, np.zeros(len(X)))  # it scores only where there is a y
    rows = monitor.get_logs().data
    scores = [row["nats"] for row in rows if row["task_name"] == "epoch"]
    assert len(scores) == 20
    assert scores[-1] > scores[0] + 0.5
    if vae.best_epoch_ == 20:
        assert scores[-1] == vae.score(X)


def test_scikit_learns_progress_bar_runs_alone_and_in_a_pipeline(
    quick: Quick, X: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    quick().set_callbacks(ProgressBar()).fit(X)
    pipeline = make_pipeline(StandardScaler(), quick())
    if hasattr(pipeline, "set_callbacks"):
        pipeline.set_callbacks(ProgressBar())
    pipeline.fit(X)
    shown = capsys.readouterr()
    assert "100%" in shown.out + shown.err
