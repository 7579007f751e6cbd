"""Memory that is freed stays with the process, so that the next step does not ask the kernel for it anew."""

from __future__ import annotations

from functools import cache

import torch

__all__ = ["keep_freed_memory"]

MOST = 30 * 2**20  # glibc follows blocks of up to 32 MB


@cache
def keep_freed_memory() -> None:
    """Let the C library keep blocks of up to 30 MB that are freed, at most 60 MB in all.

    By default glibc takes a block of more than 128 KB (a batch of 100 digits has 314) from the kernel and
    hands it back when it is freed, and every page of the next one is faulted in anew: a third of the time of
    decoding 512 digits. It raises that limit to the size of the largest such block that was ever freed
    (mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD): so one is made and freed. Other C libraries take no
    notice.
    """
    torch.empty(MOST, dtype=torch.uint8)
