"""Downloads from a real server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import logging.handlers
import socket
import threading
from functools import partial

import numpy as np
import pooch
import pytest
from rich.console import Console

from vael import datasets
from vael.datasets import download, fashion_mnist
from vael.datasets.download import RemoteFile, data_folder, fetch
from vael.errors import DownloadError, VaelError

CONTENT = bytes(range(256)) * 200


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


@pytest.fixture
def refused(monkeypatch):
    """Address of a port where nobody listens: what an offline machine sees."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


def remote(*addresses, content=CONTENT, name="data.bin"):
    urls = tuple(address + name for address in addresses)
    return RemoteFile(name, urls, hashlib.sha256(content).hexdigest(), len(content))


def test_a_file_is_fetched_once_and_then_found(server, tmp_path, capfd):
    folder, address = server
    (folder / "data.bin").write_bytes(CONTENT)
    path = fetch(remote(address), tmp_path / "cache")
    assert path == tmp_path / "cache" / "data.bin"
    assert path.read_bytes() == CONTENT
    (folder / "data.bin").unlink()
    assert fetch(remote(address), tmp_path / "cache") == path
    assert capfd.readouterr() == ("", "")  # no terminal, no bar; and pooch's log is still


def test_a_wrong_file_is_refused_and_leaves_nothing(server, tmp_path):
    folder, address = server
    (folder / "data.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(DownloadError, match=r"another file \(wrong SHA-256\)"):
        fetch(remote(address), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_next_address_is_tried(server, refused, tmp_path):
    folder, address = server
    (folder / "data.bin").write_bytes(CONTENT)
    assert fetch(remote(refused, address), tmp_path).read_bytes() == CONTENT
    with pytest.raises(DownloadError, match="404"):
        fetch(remote(address + "absent/"), tmp_path / "cache")


def test_offline_says_what_from_where_and_where_to_put_it(refused, tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch(remote(refused), tmp_path / "cache")
    message = str(caught.value)
    assert "could not download data.bin" in message
    assert f"get {refused}data.bin elsewhere and put it into {tmp_path / 'cache'}" in message
    assert "Connection refused" in message
    assert "VAEL_DATA" in message
    assert isinstance(caught.value, VaelError)
    assert isinstance(caught.value, OSError)


def test_a_file_put_there_by_hand_is_used_if_it_is_the_right_one(refused, tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(CONTENT)
    assert fetch(remote(refused), tmp_path) == path
    path.write_bytes(b"something else")
    with pytest.raises(DownloadError, match="is not the file it should be: its SHA-256 is not"):
        fetch(remote(refused), tmp_path)
    assert path.read_bytes() == b"something else"


def test_a_folder_that_cannot_be_made(server, tmp_path):
    folder, address = server
    (folder / "data.bin").write_bytes(CONTENT)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="could not download"):
        fetch(remote(address), tmp_path / "file" / "cache")


def test_poochs_logger_is_still_during_a_download_and_as_loud_as_before(server, tmp_path):
    folder, address = server
    (folder / "data.bin").write_bytes(CONTENT)
    logger, heard = pooch.get_logger(), logging.handlers.BufferingHandler(100)
    logger.setLevel("INFO")
    logger.addHandler(heard)
    try:
        fetch(remote(address), tmp_path / "cache")
    finally:
        logger.removeHandler(heard)
    assert heard.buffer == []
    assert logger.level == logging.INFO


def test_a_terminal_sees_a_bar(server, tmp_path, monkeypatch, capfd):
    folder, address = server
    (folder / "data.bin").write_bytes(CONTENT)
    console = partial(Console, force_terminal=True, width=100)
    monkeypatch.setattr("rich.console.Console", console)
    fetch(remote(address), tmp_path / "cache")
    out, err = capfd.readouterr()
    assert out == ""
    assert "data.bin" in err
    assert "51.2/51.2 kB" in err


def test_the_folder_is_chosen_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("VAEL_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("VAEL_DATA")
    assert data_folder().name == "vael"


def test_fashion_mnist_from_files(server, tmp_path, monkeypatch):
    folder, address = server
    monkeypatch.setenv("VAEL_DATA", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    arrays, files = {}, {}
    for key, official in fashion_mnist.FILES.items():
        rows = 3 if key.endswith("test") else 5
        shape = (rows, 28, 28) if key.startswith("X") else (rows,)
        arrays[key] = rng.integers(0, 10, shape).astype(np.uint8)
        head = b"\0\0\x08" + bytes([len(shape)]) + np.array(shape, ">u4").tobytes()
        content = gzip.compress(head + arrays[key].tobytes())
        (folder / official.name).write_bytes(content)
        files[key] = remote(address, content=content, name=official.name)
    dataset = fashion_mnist.load_fashion_mnist(files)
    assert np.array_equal(dataset.X.reshape(5, 28, 28), arrays["X"])
    assert np.array_equal(dataset.X_test.reshape(3, 28, 28), arrays["X_test"])
    assert dataset.y.tolist() == arrays["y"].tolist()
    assert dataset.y_test.tolist() == arrays["y_test"].tolist()
    assert (dataset.image_shape, dataset.licence, dataset.y.dtype) == ((28, 28), "MIT", np.int64)
    assert (tmp_path / "cache" / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz").is_file()


def test_fashion_mnist_without_a_network(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("VAEL_DATA", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "")
    for scheme in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(scheme, refused)
    with pytest.raises(
        DownloadError,
        match=r"get https://raw\.githubusercontent\.com/.*fashion-mnist as train-images-idx3",
    ):
        datasets.load("fashion-mnist")


def test_the_official_sizes_add_up():
    # 30 878 645 bytes: the sum that the paper's repository lists.
    assert sum(file.size for file in fashion_mnist.FILES.values()) == 30_878_645
    assert all(len(file.sha256) == 64 for file in fashion_mnist.FILES.values())
    assert download.__all__ == ["RemoteFile", "data_folder", "fetch"]
