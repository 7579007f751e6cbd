from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from vael.training import EpochMetrics, Progress

FIRST = EpochMetrics(
    epoch=1,
    seconds=10.0,
    examples_per_second=12345.6,
    learning_rate=1e-3,
    beta=1.0,
    train_loss=2.0,
    train_bound=-110.5,
    train_log_likelihood=-90.0,
    train_kl=20.5,
    validation_bound=-105.25,
    validation_log_likelihood=-84.0,
    validation_kl=21.25,
    active_latents=7,
    kl_per_latent=None,
    best=True,
)
SAME = "reconstruction -84.00  KL 21.25  active 7  rows/s 12,346"
SECOND = replace(FIRST, epoch=2, seconds=14.0, validation_bound=-106.0, best=False)


def show(terminal: bool, *epochs: EpochMetrics) -> str:
    out = StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, color_system=None)
    with Progress(902, console) as progress:
        for metrics in epochs:
            progress.show(metrics)
    return out.getvalue()


def test_without_a_terminal_an_epoch_is_a_line() -> None:
    assert show(False, FIRST, SECOND).splitlines() == [
        f"epoch 1/902  bound -105.25 *  {SAME}  left 2:30:10",
        f"epoch 2/902  bound -106.00  {SAME}  left 1:00:00",
    ]


def test_a_line_is_never_wrapped_or_coloured() -> None:
    lines = show(False, *(replace(FIRST, epoch=i, seconds=float(i)) for i in range(1, 30))).splitlines()
    assert len(lines) == 29
    assert "\x1b" not in "".join(lines)


def test_without_validation_rows_the_training_bound_is_shown() -> None:
    bare = replace(
        FIRST,
        validation_bound=None,
        validation_log_likelihood=None,
        validation_kl=None,
        active_latents=None,
    )
    (line,) = show(False, bare).splitlines()
    assert line.startswith("epoch 1/902  bound -110.50 *  reconstruction -90.00  KL 20.50  rows/s")


def test_in_a_terminal_a_table_stays_and_shows_the_newest_epochs() -> None:
    epochs = [replace(FIRST, epoch=i, seconds=float(i)) for i in range(1, 21)]
    out = show(True, *epochs)
    assert "\x1b[" in out  # it is redrawn in place
    last = out[out.rindex("epoch") :]
    assert "20/902" in last
    assert "13/902" in last
    assert "12/902" not in last
    for name in ("bound", "reconstruction", "KL", "active", "rows/s", "left"):
        assert name in last
    assert "nats a row" in last


def test_the_time_left_follows_the_pace_of_this_process() -> None:
    """Resumed at epoch 801 after 10 hours: what counts is the pace since."""
    resumed = [replace(FIRST, epoch=e, seconds=36000.0 + 2 * (e - 800)) for e in (801, 802)]
    assert show(False, *resumed).splitlines()[-1].endswith("left 3:20")
