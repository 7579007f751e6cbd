"""`python -m vael.cli` is `vael`."""

from __future__ import annotations

import sys

from vael.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
