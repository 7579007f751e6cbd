"""Fits that pages watch, in real processes."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import vael
from vael.errors import InputError
from vael.studio.asked import Asked
from vael.studio.columns import unpack
from vael.studio.loaded import Loaded
from vael.studio.studio import Studio
from vael.studio.training import Training, spec_of
from vael.studio.web.app import make_app
from vael.studio.web.security import Guard

from .conftest import run_of

HOST = "127.0.0.1:8474"
GUARD = Guard("token", frozenset({HOST}), b"s" * 32)

pytestmark = pytest.mark.slow


@pytest.fixture
def client(digits: Loaded) -> Iterator[TestClient]:
    with TestClient(make_app(Studio(digits), GUARD), base_url=f"http://{HOST}") as opened:
        opened.get("/?token=token")
        yield opened


def heard(socket: Any) -> dict[str, Any]:
    """The next message: of a body its facts and arrays."""
    message = socket.receive()
    if message.get("bytes") is not None:
        found = unpack(message["bytes"])
        return {**found.facts, "arrays": found.arrays}
    return json.loads(message["text"])


def until(socket: Any, kind: str) -> list[dict[str, Any]]:
    messages = [heard(socket)]
    while messages[-1]["kind"] != kind:
        messages.append(heard(socket))
    return messages


def test_a_fit_is_told_epoch_by_epoch_and_shown_when_it_is_done(client: TestClient, digits: Loaded):
    with client.websocket_connect(f"ws://{HOST}/api/events") as socket:
        assert heard(socket) == {"kind": "training", "running": False, "error": "", "history": []}
        answer = client.post("/api/train", json={"preset": "vae", "n_components": 3, "max_epochs": 4})
        assert answer.status_code == 200, answer.text
        again = client.post("/api/train", json={"n_components": 3, "max_epochs": 4})
        assert again.status_code == 422
        assert "under way" in again.json()["error"]
        messages = until(socket, "run")
    epochs = [m for m in messages if m["kind"] == "epoch"]
    assert [m["metrics"]["epoch"] for m in epochs] == [1, 2, 3, 4]
    folder = digits.folder.parent / answer.json()["run"]
    fitted = vael.load(folder)
    X = digits.dataset.X
    rows = np.sort(np.random.default_rng(0).permutation(len(X))[:2000])
    if fitted.best_epoch_ == 4:
        np.testing.assert_allclose(epochs[-1]["arrays"]["latents"], fitted.transform(X[rows]), atol=1e-4)
    assert epochs[-1]["metrics"]["validation_bound"] == pytest.approx(fitted.history_[-1].validation_bound)
    facts = client.get("/api/facts").json()
    assert facts["run"]["name"] == folder.name
    assert facts["model"]["latents"] == 3
    with client.websocket_connect(f"ws://{HOST}/api/events") as socket:
        first = heard(socket)
        assert len(first["history"]) == 4
        assert not first["running"]


def test_stop_keeps_the_best_so_far(client: TestClient, digits: Loaded):
    with client.websocket_connect(f"ws://{HOST}/api/events") as socket:
        heard(socket)
        name = client.post("/api/train", json={"n_components": 2, "max_epochs": 5000}).json()["run"]
        until(socket, "epoch")
        assert client.post("/api/train-stop", json={}).status_code == 200
        messages = until(socket, "run")
    stopped = [m for m in messages if m["kind"] == "training"][-1]
    assert not stopped["running"]
    assert stopped["stopped"] == "interrupted"
    found = vael.load(digits.folder.parent / name)
    assert 1 <= found.best_epoch_ < 5000


def test_decodes_stay_quick_while_a_model_trains(client: TestClient):
    with client.websocket_connect(f"ws://{HOST}/api/events") as socket:
        heard(socket)
        client.post("/api/train", json={"n_components": 2, "max_epochs": 5000})
        until(socket, "epoch")
        with client.websocket_connect(f"ws://{HOST}/api/decode") as decoding:
            for number in range(50):
                decoding.send_bytes(struct.pack("<I2f", number, 0.1, 0.2))
                assert struct.unpack("<I", decoding.receive_bytes()[:4])[0] == number
            answered = number
        assert answered == 49
        client.post("/api/train-stop", json={})
        until(socket, "run")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"n_components": 0, "max_epochs": 1},
        {"n_components": 2, "max_epochs": "many"},
        {"n_components": 2, "max_epochs": 2, "preset": "../x"},
        {"n_components": 2, "max_epochs": 2, "learning_rate": -1},
    ],
)
def test_settings_that_cannot_be_are_told(client: TestClient, fields: dict[str, Any]):
    answer = client.post("/api/train", json=fields)
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_a_fit_that_fails_is_told(client: TestClient):
    with client.websocket_connect(f"ws://{HOST}/api/events") as socket:
        heard(socket)
        client.post(
            "/api/train", json={"n_components": 2, "max_epochs": 3, "learning_rate": 1.0, "beta": 0.0}
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            message = heard(socket)
            if message["kind"] == "run" or message.get("error"):
                break
        assert message["kind"] == "run" or "\n" not in message["error"]


def test_nothing_to_stop_is_told(client: TestClient):
    answer = client.post("/api/train-stop", json={})
    assert answer.status_code == 422
    assert "no fit" in answer.json()["error"]


def test_ending_the_studio_ends_the_fit_and_keeps_its_best(digits: Loaded):
    with TestClient(make_app(Studio(digits), GUARD), base_url=f"http://{HOST}") as opened:
        opened.get("/?token=token")
        with opened.websocket_connect(f"ws://{HOST}/api/events") as socket:
            heard(socket)
            name = opened.post("/api/train", json={"n_components": 2, "max_epochs": 5000}).json()["run"]
            until(socket, "epoch")
    folder: Path = digits.folder.parent / name
    assert vael.load(folder).best_epoch_ >= 1


def test_of_two_pages_that_begin_at_once_one_is_told_to_wait(digits: Loaded):
    studio = Studio(digits)

    async def both() -> list[Any]:
        spec = spec_of(digits, Asked({"n_components": 2, "max_epochs": 5000}))
        answers = [studio.training.start(spec), studio.training.start(spec)]
        found = await asyncio.gather(*answers, return_exceptions=True)
        await studio.close()
        return found

    found = asyncio.run(both())
    assert found[0] is None
    assert isinstance(found[1], InputError)
    assert "under way" in str(found[1])


def test_a_fit_may_begin_as_soon_as_pages_are_told_of_the_last_ones_end(client: TestClient):
    with client.websocket_connect(f"ws://{HOST}/api/events") as socket:
        heard(socket)
        for _ in range(2):
            answer = client.post("/api/train", json={"n_components": 2, "max_epochs": 1})
            assert answer.status_code == 200, answer.text
            messages = [heard(socket)]
            while messages[-1].get("running", True):
                messages.append(heard(socket))
            assert messages[-1]["error"] == ""
        until(socket, "run")


def test_data_that_moved_are_fitted_where_they_are(tmp_path: Path):
    (tmp_path / "runs").mkdir()
    np.save(tmp_path / "table.npy", np.random.default_rng(0).normal(size=(60, 4)))
    run_of(tmp_path / "runs" / "one", tmp_path / "table.npy", vael.VAE(2, hidden=(8,), max_epochs=1))
    moved = (tmp_path / "table.npy").rename(tmp_path / "moved.npy")
    with TestClient(
        make_app(Studio(Loaded.open(tmp_path / "runs" / "one", moved)), GUARD), base_url=f"http://{HOST}"
    ) as opened:
        opened.get("/?token=token")
        with opened.websocket_connect(f"ws://{HOST}/api/events") as socket:
            heard(socket)
            name = opened.post("/api/train", json={"n_components": 1, "max_epochs": 1}).json()["run"]
            messages = [heard(socket)]
            while messages[-1]["kind"] != "run" and not messages[-1].get("error"):
                messages.append(heard(socket))
        assert messages[-1]["kind"] == "run", messages[-1]
        assert opened.get("/api/facts").json()["run"]["name"] == name
    assert Loaded.open(tmp_path / "runs" / name).rows.shape == (60, 4)


def test_a_watched_fit_is_shown_further_on(digits: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`vael fit --studio`: the first epoch is shown at once, later ones in its place."""
    spec = {
        "estimator": "VAE",
        "parameters": {"n_components": 2, "max_epochs": 3000, "patience": "never", "random_state": 0},
        "source": "digits",
        "run": str(tmp_path / "run"),
        "snapshots": str(tmp_path / "snapshots"),
    }
    said: list[Any] = []

    async def watch() -> list[str]:
        training = Training()
        await training.start(spec)
        await asyncio.wait_for(training.snapshot.wait(), 60)
        assert training.newest is not None
        studio = Studio(Loaded.open(training.newest), training)
        seen = [studio.loaded.id]
        first = studio.loaded
        monkeypatch.setattr(studio, "tell", said.append)
        while len(seen) < 2:
            await asyncio.sleep(0.2)
            if studio.loaded.id != seen[-1]:
                seen.append(studio.loaded.id)
        assert studio.loaded.dataset is first.dataset  # not read again
        await asyncio.sleep(0.5)
        assert not first.folder.exists()
        expected = vael.load(studio.loaded.folder).transform(digits.dataset.X)
        np.testing.assert_allclose(studio.loaded.latents, expected, atol=1e-6)
        await studio.close()
        return seen

    seen = asyncio.run(asyncio.wait_for(watch(), 120))
    assert len(set(seen)) == 2
    assert vael.load(tmp_path / "run").best_epoch_ >= 1
