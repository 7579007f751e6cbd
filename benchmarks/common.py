"""What the benchmarks share: facts of the machine, a table on the screen, a JSON file beside."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Say what the numbers were measured on."""
    import numpy
    import sklearn
    import torch

    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "scikit-learn": sklearn.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def record(name: str, rows: Sequence[dict[str, Any]], notes: Sequence[str] = (), **facts: Any) -> None:
    """Print rows as a Markdown table and write them, with the machine, to ``results/NAME.json``."""
    print(table(rows))
    for note in notes:
        print(f"- {note}")
    RESULTS.mkdir(exist_ok=True)
    content = {"name": name, "machine": machine(), **facts, "rows": list(rows), "notes": list(notes)}
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Format rows as a Markdown table."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(row.get(c)) for c in columns) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def interleaved(candidates: dict[str, Callable[[], Any]], rounds: int = 5) -> dict[str, list[float]]:
    """Time candidates in turn, round after round, so that a drift of the machine meets all alike."""
    for run in candidates.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds
