"""The command line: `vael fit`, `vael report` and the rest. Heavy parts load when a command needs them."""

from __future__ import annotations

from vael.cli.main import main

__all__ = ["main"]
