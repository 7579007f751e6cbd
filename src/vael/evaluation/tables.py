"""Plain text tables."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["percent", "text_table"]


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align columns with two spaces between; a rule under the header; no space at line ends."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def percent(mean: float, spread: float | None, *, signed: bool = False) -> str:
    """Write a share in per cent with its spread: `74.7 ± 1.2`, or `97.3` where there is none."""
    text = f"{100 * mean:+.1f}" if signed else f"{100 * mean:.1f}"
    return text if spread is None else f"{text} ± {100 * spread:.1f}"
