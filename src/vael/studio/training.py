"""A fit that pages watch: in a process of its own, so that decodes stay quick."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from vael.errors import InputError
from vael.studio.asked import Asked
from vael.studio.columns import unpack
from vael.studio.loaded import Loaded

__all__ = ["Training", "spec_of"]

PRESETS = ("vae", "beta-vae", "iwae", "autoencoder")
MOST_LATENTS, MOST_EPOCHS = 256, 10_000
LAST_WORDS = 60.0  # seconds that an interrupted fit may take to keep its best

Message = dict[str, Any] | bytes


def spec_of(loaded: Loaded, asked: Asked) -> dict[str, Any]:
    """Read what a page wants to fit: a preset with settings, to the data of the run that is shown.

    Fields:
        preset: "vae", "beta-vae", "iwae" or "autoencoder".
        n_components, max_epochs: Whole numbers.
        learning_rate, beta: Numbers; may be missing.
        seed: A whole number; 0.
    """
    preset = asked.choice("preset", PRESETS, "vae")
    parameters: dict[str, Any] = {
        "n_components": asked.whole("n_components", 1, MOST_LATENTS),
        "max_epochs": asked.whole("max_epochs", 1, MOST_EPOCHS),
        "random_state": asked.whole("seed", 0, 2**31 - 1, 0),
    }
    if asked.has("learning_rate"):
        parameters["learning_rate"] = asked.number("learning_rate", 1e-7, 1.0)
    if preset != "autoencoder":
        parameters["preset"] = preset
        if asked.has("beta"):
            parameters["beta"] = asked.number("beta", 0.0, 1000.0)
    likelihood = loaded.estimator.get_params(deep=False).get("likelihood")
    if isinstance(likelihood, str):
        parameters["likelihood"] = likelihood
    data = loaded.run_data
    folder = loaded.folder.resolve().parent
    stem = f"studio-{datetime.now():%Y%m%d-%H%M%S}"
    places = (folder / (stem if n == 1 else f"{stem}-{n}") for n in range(1, 1000))
    return {
        "estimator": "Autoencoder" if preset == "autoencoder" else "VAE",
        "parameters": parameters,
        **_place_of(loaded),
        "label": data.label,
        "image_shape": data.asked_image_shape,
        "run": str(next(place for place in places if not place.exists())),
    }


def _place_of(loaded: Loaded) -> dict[str, Any]:
    """Where the data of the run that is shown are now, and what the new run is to say of it."""
    data = loaded.run_data
    if loaded.moved is not None:
        return {"source": str(loaded.moved.resolve()), "place": None}
    return {"source": data.source, "place": data.path if data.path and Path(data.path).exists() else None}


class Training:
    """At most one fit at a time, and what pages that come later must know of it."""

    def __init__(self) -> None:
        self._tell: Callable[[Message], None] | None = None
        self._done: Callable[[Path], None] | None = None
        self._moved: Callable[[Path], None] | None = None
        self._finished: Path | None = None
        self.newest: Path | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._starting = False
        self._following: asyncio.Task[None] | None = None
        self._history: list[dict[str, Any]] = []
        self._last: bytes | None = None
        self._state: dict[str, Any] = {"running": False, "error": ""}
        self.snapshot = asyncio.Event()

    def attach(
        self,
        tell: Callable[[Message], None],
        done: Callable[[Path], None],
        moved: Callable[[Path], None],
    ) -> None:
        """Say who hears of fits.

        Arguments:
            tell: Sends a message to every page.
            done: Called with the run's folder when a fit has ended well; at once, if one has already.
            moved: Called with the folder of each snapshot of a fit that takes them.
        """
        self._tell, self._done, self._moved = tell, done, moved
        if self._finished is not None:
            done(self._finished)

    @property
    def error(self) -> str:
        """Why the last fit failed; empty where it did not."""
        return str(self._state["error"])

    @property
    def running(self) -> bool:
        """Whether a fit is under way."""
        return self._starting or self._process is not None

    def so_far(self) -> list[Message]:
        """Messages for a page that has just come."""
        state: Message = {"kind": "training", **self._state, "history": self._history}
        return [state] if self._last is None else [state, self._last]

    async def start(self, spec: dict[str, Any]) -> None:
        """Begin to fit. Raises `InputError` while another fit is under way."""
        if self.running:
            raise InputError("a fit is under way: stop it first")
        self._history, self._last = [], None
        self._starting = True  # another page may ask while the process comes up
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "vael.studio.fitting",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        finally:
            self._starting = False
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(spec).encode())
        self._process.stdin.close()
        self._say(running=True, error="", run=Path(spec["run"]).name, max_epochs=None)
        self._following = asyncio.create_task(self._follow(self._process))

    def stop(self) -> None:
        """End the fit that is under way, and keep its best weights so far."""
        if self._process is None:
            raise InputError("no fit is under way")
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    async def close(self) -> None:
        """End the fit that is under way, if any, and wait until it has kept its best."""
        if self._process is None:
            return
        self.stop()
        if self._following is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._following), LAST_WORDS)
        if self.running:
            self._kill()

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def _say(self, **facts: Any) -> None:
        self._state |= facts
        self._send({"kind": "training", **self._state, "history": []})

    def _send(self, message: Message) -> None:
        if self._tell is not None:
            self._tell(message)

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        last: dict[str, Any] | None = None
        try:
            while True:
                size = int.from_bytes(await process.stdout.readexactly(4), "little")
                last = self._hear(await process.stdout.readexactly(size)) or last
        except asyncio.IncompleteReadError:
            pass
        code = await process.wait()
        self._process = None  # before pages are told, which may begin another at once
        if last is not None:
            self._end(last)
        else:
            early = "stopped before the first epoch was done: there is nothing to keep"
            other = f"training ended without a result (exit status {code}): the terminal says why"
            self._say(running=False, error=early if code == -signal.SIGINT else other)
        self.snapshot.set()

    def _hear(self, body: bytes) -> dict[str, Any] | None:
        """Take one message of the fit; return its facts if it is the last."""
        facts = unpack(body).facts
        kind = facts["kind"]
        if kind == "begun":
            self._say(max_epochs=facts["max_epochs"])
        elif kind == "snapshot":
            self.newest = Path(facts["run"])
            self.snapshot.set()
            if self._moved is not None:
                self._moved(self.newest)
        elif kind == "epoch":
            self._history.append(facts["metrics"])
            self._last = body
            self._send(body)
        return dict(facts) if kind in ("failed", "done") else None

    def _end(self, facts: dict[str, Any]) -> None:
        if facts["kind"] == "failed":
            self._say(running=False, error=facts["error"])
            return
        self._say(running=False, error="", stopped=facts["stopped"], bound=facts["bound"])
        self._finished = Path(facts["run"])
        if self._done is not None:
            self._done(self._finished)
