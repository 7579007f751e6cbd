"""Files from the network, kept in one folder and held against a known SHA-256."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vael.errors import DownloadError

__all__ = ["RemoteFile", "data_folder", "fetch"]

_CHUNK = 1 << 16  # bytes; pooch flushes after each


@dataclass(frozen=True)
class RemoteFile:
    """A file, the addresses that have it, what its SHA-256 must be, and its size in bytes."""

    name: str
    urls: tuple[str, ...]
    sha256: str
    size: int


def data_folder() -> Path:
    """Folder of fetched data sets: ``VAEL_DATA``, or the user's cache folder."""
    given = os.environ.get("VAEL_DATA")
    if given:
        return Path(given).expanduser()
    import pooch

    return Path(pooch.os_cache("vael"))


def fetch(file: RemoteFile, folder: Path, *, timeout: float = 30.0) -> Path:
    """Path of the file in ``folder``, fetched through pooch where it is not there yet.

    The addresses are tried in turn; nothing lands under the file's name before its SHA-256 is
    right. On a terminal a bar shows the progress, on stderr.

    Raises ``DownloadError``, which says where to get the file and where to put it by hand, when
    no address gives it, and when a file of that name is there but is another one.
    """
    import pooch

    path = folder / file.name
    if path.exists():
        if pooch.file_hash(str(path)) == file.sha256:
            return path
        raise DownloadError(
            f"{path} is not the file it should be: its SHA-256 is not {file.sha256}; "
            f"remove it, and get {file.urls[0]}"
        )
    failures: list[str] = []
    for url in file.urls:
        try:
            _retrieve(url, file, folder, timeout)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong hash: Value
            failures.append(f"{url}: {_short(error)}")
        else:
            return path
    raise DownloadError(
        f"could not download {file.name} ({'; '.join(failures)}). Without a network: get "
        f"{file.urls[0]} elsewhere and put it into {folder} as {file.name} "
        "(the environment variable VAEL_DATA chooses another folder)"
    )


def _retrieve(url: str, file: RemoteFile, folder: Path, timeout: float) -> None:
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")  # the bar tells; a library writes no log lines of its own accord
    bar: Any = _Bar(file)
    downloader: Any = pooch.HTTPDownloader(progressbar=bar, chunk_size=_CHUNK, timeout=timeout)
    try:
        pooch.retrieve(
            url,
            known_hash=f"sha256:{file.sha256}",
            fname=file.name,
            path=folder,
            downloader=downloader,
        )
    finally:
        bar.close()
        logger.setLevel(level)


class _Bar:
    """pooch's progress protocol, drawn by rich; silent where stderr is no terminal."""

    def __init__(self, file: RemoteFile) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True)
        self.total: int = file.size
        self._progress: Any = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task(file.name, total=file.size)
        self._progress.start()

    def update(self, amount: int) -> None:
        """Advance by so many bytes."""
        self._progress.update(self._task, advance=amount, total=self.total or None)

    def reset(self) -> None:
        """Start at zero again."""
        self._progress.reset(self._task)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()


def _short(error: Exception) -> str:
    if isinstance(error, ValueError) and "hash" in str(error):
        return "what came is another file (wrong SHA-256)"
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return f"{type(error).__name__}: {cause}"
