"""The machine and the memory that a run took."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import torch

__all__ = ["describe_machine", "peak_memory"]


def describe_machine() -> dict[str, str]:
    """Return what decides how long a run takes, in words: processor, cores, system, versions."""
    return {
        "processor": _processor(),
        "cores": f"{_cores()} available; PyTorch's threads: {torch.get_num_threads()}",
        "system": f"{platform.system()} {platform.machine()}",
        "versions": f"vael {version('vael')}, Python {platform.python_version()}, "
        f"PyTorch {torch.__version__}",
    }


def peak_memory() -> float | None:
    """Return the most memory in bytes that this process held so far; None where that is not told."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else 1024 * peak)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
