"""What a person sees while a model trains: a live table, or plain lines where there is no terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from vael.training.metrics import EpochMetrics

__all__ = ["Progress"]

SHOWN = 8  # epochs that stay visible


class Progress:
    """Shows epochs as they come; use it as a context.

    Arguments:
        max_epochs: Epochs at most, for the time left.
        console: Where to show; standard error by default.
    """

    def __init__(self, max_epochs: int, console: Console | None = None) -> None:
        self.max_epochs = max_epochs
        self.console = console or Console(stderr=True, highlight=False)
        self.rows: list[EpochMetrics] = []
        self.started = 0
        self.live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live = Live(console=self.console, auto_refresh=False)
            self.live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.__exit__(kind, error, traceback)

    def show(self, metrics: EpochMetrics) -> None:
        """Show one more epoch."""
        self.rows.append(metrics)
        if self.live is None:
            cells = (f"{name} {value}" for name, value in self._cells(metrics) if value)
            self.console.print("  ".join(cells), soft_wrap=True)
        else:
            self.live.update(self._table(), refresh=True)

    def _cells(self, m: EpochMetrics) -> list[tuple[str, str]]:
        bound = m.train_bound if m.validation_bound is None else m.validation_bound
        reconstruction = (
            m.train_log_likelihood if m.validation_log_likelihood is None else m.validation_log_likelihood
        )
        kl = m.train_kl if m.validation_kl is None else m.validation_kl
        first = self.rows[0]
        pace = (m.seconds - first.seconds) / (m.epoch - first.epoch) if m.epoch > first.epoch else m.seconds
        return [
            ("epoch", f"{m.epoch}/{self.max_epochs}"),
            ("bound", f"{bound:.2f}{' *' if m.best else ''}"),
            ("reconstruction", f"{reconstruction:.2f}"),
            ("KL", f"{kl:.2f}"),
            ("active", "" if m.active_latents is None else str(m.active_latents)),
            ("rows/s", f"{m.examples_per_second:,.0f}"),
            ("left", _clock(pace * (self.max_epochs - m.epoch))),
        ]

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, caption="nats a row; * best so far; left: at most")
        for name, _ in self._cells(self.rows[-1]):
            table.add_column(name, justify="right")
        for row in self.rows[-SHOWN:]:
            table.add_row(*(value for _, value in self._cells(row)))
        return table


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
