"""The studio on the web: who may speak, what is asked, how it is answered."""

from __future__ import annotations
