"""The server's addresses: who may speak, what is refused, and that nothing asked wrongly breaks it."""

from __future__ import annotations

import json
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from vael.studio.columns import unpack
from vael.studio.loaded import Loaded
from vael.studio.services import SERVICES
from vael.studio.studio import Studio
from vael.studio.web.app import make_app
from vael.studio.web.bodies import MOST_FIELDS, MOST_FILE
from vael.studio.web.security import COOKIE, Guard, cookie_secret

TOKEN = "a-token-of-the-tests"
HOST = "127.0.0.1:8474"
DECODE = f"ws://{HOST}/api/decode"
GUARD = Guard(TOKEN, frozenset({HOST, "localhost:8474"}), b"s" * 32)

slow_fixture = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


@pytest.fixture(scope="module")
def client(digits: Loaded) -> Iterator[TestClient]:
    """A page that has shown the token."""
    with TestClient(make_app(Studio(digits), GUARD), base_url=f"http://{HOST}") as opened:
        assert opened.get(f"/?token={TOKEN}").status_code == 200
        yield opened


@pytest.fixture(scope="module")
def stranger(client: TestClient) -> TestClient:
    """Another page of the same server, which has shown nothing."""
    return TestClient(client.app, base_url=f"http://{HOST}", raise_server_exceptions=False)


def error(response: Any) -> str:
    found = response.json()["error"]
    assert isinstance(found, str)
    assert found
    assert "\n" not in found
    return found


def test_the_token_becomes_a_cookie_and_leaves_the_address(client: TestClient):
    answer = client.get(f"/?token={TOKEN}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "./"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert TOKEN not in cookie


def test_whoever_shows_nothing_sees_nothing(stranger: TestClient):
    for path in ("/", "/api/facts", "/assets/x.js", "/api/export", "/nothing"):
        answer = stranger.get(path)
        assert answer.status_code == 403
        assert "token" in error(answer)
    for name in SERVICES:
        assert stranger.post(f"/api/{name}", json={}).status_code == 403
    for path in (DECODE, DECODE.replace("decode", "events")):
        with pytest.raises(WebSocketDisconnect), stranger.websocket_connect(path):
            pass


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "%00", "é" * 20])
def test_other_tokens_and_cookies_are_refused(stranger: TestClient, token: str):
    assert stranger.get("/", params={"token": token}).status_code == 403
    assert (
        stranger.get("/api/facts", headers={"Authorization": b"token " + token.encode()}).status_code == 403
    )
    cookie = f"{COOKIE}={token}".encode()
    assert stranger.get("/api/facts", headers={"Cookie": cookie}).status_code == 403


def test_scripts_show_the_token_in_a_header(stranger: TestClient):
    assert stranger.get("/api/facts", headers={"Authorization": f"token {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:8474", ""]
)
def test_other_hosts_are_refused_whatever_they_show(client: TestClient, host: str):
    answer = client.get("/api/facts", headers={"Host": host})
    assert answer.status_code == 421
    error(answer)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9", "file://"])
def test_pages_of_other_origins_may_not_ask(client: TestClient, origin: str):
    assert client.post("/api/points", json={}, headers={"Origin": origin}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(DECODE, headers={"Origin": origin}),
    ):
        pass


def test_every_answer_carries_the_headers_of_safety(client: TestClient, stranger: TestClient):
    for answer in (client.get("/"), client.get("/api/facts"), client.get("/none"), stranger.get("/")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_secret_outlives_the_server_and_is_its_owners(tmp_path):
    folder = tmp_path / "state"
    first = cookie_secret(folder)
    assert cookie_secret(folder) == first
    assert len(first) == 32
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert cookie_secret(tmp_path / "other") != first


@pytest.mark.parametrize(
    "path",
    ["/../config.json", "/assets/../../studio.py", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/a\\..\\b"],
)
def test_no_path_of_a_request_is_opened(client: TestClient, path: str):
    assert client.get(path).status_code in (404, 307)


def test_the_page_is_served_small_and_assets_for_long(client: TestClient):
    answer = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["cache-control"] == "no-cache"
    script = next(part for part in answer.text.split('"') if part.endswith(".js"))
    asset = client.get("/" + script.removeprefix("./"), headers={"Accept-Encoding": "gzip"})
    assert asset.headers["content-encoding"] == "gzip"
    assert "immutable" in asset.headers["cache-control"]
    plain = client.get("/" + script.removeprefix("./"), headers={"Accept-Encoding": "identity"})
    assert plain.content == asset.content


def test_services_answer_in_bodies(client: TestClient, digits: Loaded):
    answer = client.post("/api/points", json={})
    assert answer.headers["content-type"] == "application/octet-stream"
    np.testing.assert_array_equal(unpack(answer.content).arrays["latents"], digits.latents)


def test_a_file_is_encoded(client: TestClient, digits: Loaded):
    text = ",".join(str(int(x)) for x in digits.dataset.X[5])
    answer = client.post(
        "/api/encode-file?name=row.csv", content=text, headers={"Content-Type": "application/octet-stream"}
    )
    found = unpack(answer.content)
    np.testing.assert_allclose(found.arrays["mean"], digits.latents[5], atol=1e-6)


def test_what_is_too_large_is_refused(client: TestClient):
    def lines() -> Iterator[bytes]:
        for _ in range(MOST_FIELDS // 2**16 + 2):
            yield b" " * 2**16

    json_type = {"Content-Type": "application/json"}
    assert client.post("/api/decode", content=b" " * (MOST_FIELDS + 1), headers=json_type).status_code == 413
    assert client.post("/api/decode", content=lines(), headers=json_type).status_code == 413
    answer = client.post("/api/encode-file?name=x", content=b"\0" * (MOST_FILE + 1))
    assert answer.status_code == 413
    error(answer)


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_other_kinds_of_bodies_are_refused(client: TestClient, kind: str):
    answer = client.post("/api/points", content=b"{}", headers={"Content-Type": kind})
    assert answer.status_code == 415
    error(answer)


def test_unknown_services_are_not_found(client: TestClient):
    for name in ("nothing", "theory", "points/", "__init__", "../facts"):
        assert client.post(f"/api/{name}", json={}).status_code in (404, 405)


NUMBERS = st.floats() | st.integers(-(2**70), 2**70)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "z",
    "a",
    "b",
    "n",
    "seed",
    "rows",
    "row",
    "row_number",
    "name",
    "kind",
    "origin",
    "u",
    "v",
    "width",
)


@slow_fixture
@given(
    st.sampled_from(sorted(SERVICES)), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6) | VALUES
)
def test_nothing_that_is_asked_breaks_a_service(client: TestClient, name: str, fields: Any):
    content = json.dumps(fields)
    answer = client.post(f"/api/{name}", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400, 422), answer.text
    if answer.status_code != 200:
        error(answer)


@slow_fixture
@given(st.binary(max_size=80) | st.text(max_size=40).map(str.encode))
def test_bodies_that_are_no_json_are_told(client: TestClient, content: bytes):
    answer = client.post("/api/decode", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    error(answer)


HEADS = (b"\x89PNG\r\n\x1a\n", b"\x93NUMPY\x01\x00", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP")


@slow_fixture
@given(
    st.binary(max_size=200)
    | st.sampled_from(
        [b"\x89PNG\r\n\x1a\n", b"\x93NUMPY\x01\x00", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP"]
    ).flatmap(lambda head: st.binary(max_size=120).map(lambda tail: head + tail)),
    st.text(max_size=20),
)
def test_files_that_are_none_are_told(client: TestClient, content: bytes, name: str):
    answer = client.post("/api/encode-file", params={"name": name}, content=content)
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:
        error(answer)


def test_deep_json_is_told(client: TestClient):
    content = b"[" * 100_000 + b"]" * 100_000
    answer = client.post("/api/decode", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


def point(number: int, *z: float) -> bytes:
    return struct.pack(f"<I{len(z)}f", number, *z)


def read(frame: bytes) -> tuple[int, float, bool, np.ndarray]:
    number, distance, far = struct.unpack("<IfB", frame[:9])
    return number, distance, bool(far), np.frombuffer(frame, np.uint8, offset=12)


def test_a_point_is_decoded(client: TestClient, digits: Loaded):
    with client.websocket_connect(DECODE) as socket:
        socket.send_bytes(point(7, 0.5, -0.25))
        number, distance, far, row = read(socket.receive_bytes())
        assert number == 7
        assert distance > 0
        assert not far
        expected = digits.decoded(np.array([[0.5, -0.25]]))[0]
        np.testing.assert_allclose(row.astype(int), expected.astype(int), atol=1)
        socket.send_bytes(point(8, 90.0, 90.0))
        assert read(socket.receive_bytes())[2]


def test_the_newest_point_is_always_answered(client: TestClient):
    with client.websocket_connect(DECODE) as socket:
        for number in range(300):
            socket.send_bytes(point(number, number / 100, 0.0))
        answered: list[int] = []
        while not answered or answered[-1] != 299:
            answered.append(read(socket.receive_bytes())[0])
        assert answered == sorted(set(answered))


def test_what_was_overtaken_is_never_answered(digits: Loaded):
    """The decoder takes its time at the first point: of 300 that came meanwhile only the last counts."""
    studio = Studio(digits)
    decode, free = studio.decoder, threading.Event()

    def slow(z: np.ndarray) -> Any:
        free.wait(20)
        return decode(z)

    studio.decoder = slow  # type: ignore[assignment]
    with TestClient(make_app(studio, GUARD), base_url=f"http://{HOST}") as client:
        client.get(f"/?token={TOKEN}")
        with client.websocket_connect(DECODE) as socket:
            for number in range(300):
                socket.send_bytes(point(number, number / 100, 0.0))
            time.sleep(0.5)  # until all are read
            free.set()
            answered = [read(socket.receive_bytes())[0]]
            while answered[-1] != 299:
                answered.append(read(socket.receive_bytes())[0])
    assert len(answered) <= 2


@pytest.mark.parametrize(
    "frame", [b"", b"x", point(1), point(1, 2.0), point(1, 2, 3, 4), point(1, np.nan, 0), point(1, np.inf, 0)]
)
def test_frames_that_are_no_point_close_the_socket(client: TestClient, frame: bytes):
    with client.websocket_connect(DECODE) as socket:
        socket.send_bytes(frame)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
        assert closed.value.code == 1003


def test_a_frame_in_words_or_too_large_closes_the_socket(client: TestClient):
    with client.websocket_connect(DECODE) as socket:
        socket.send_text("hello")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
        assert closed.value.code == 1003
    with client.websocket_connect(DECODE) as socket:
        socket.send_bytes(b"\0" * (2**16 + 4))
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
        assert closed.value.code == 1009
