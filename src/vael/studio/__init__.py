"""The studio: a page in the browser that walks through the latent space of a trained run."""

from __future__ import annotations
