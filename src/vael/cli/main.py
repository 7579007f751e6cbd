"""The entry point: runs a command, and turns what goes wrong into one line and an exit status."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from cyclopts import CycloptsError, MissingArgumentError, UnknownCommandError, UnusedCliTokensError

from vael.cli.wording import as_options
from vael.errors import DownloadError, InputError, RunError, VaelError, VaelWarning

__all__ = ["main"]

OK, FAILURE, USAGE, INTERRUPTED = 0, 1, 2, 130
# What the machine refuses although the command was right.
_OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0: done. 1: the work failed. 2: bad usage or bad data. 130: interrupted by Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given or bool(os.environ.get("VAEL_TRACEBACK"))
    try:
        with _warnings_as_lines(debug):
            _run(given)
            print(end="", flush=True)  # unlike sys.stdout.flush(), also where the shell closed it
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED, "\n")
    except BrokenPipeError:  # the reader of stdout, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else OK
    except Exception as error:
        if debug:
            raise
        return _say(_message(error, given), _status(error))
    return OK


def _run(given: list[str]) -> None:
    from vael.cli.app import make_app

    make_app(given)(given, exit_on_error=False, print_error=False, result_action="return_none")


def _say(message: str, status: int, before: str = "") -> int:
    print(f"{before}vael: {' '.join(message.split())}", file=sys.stderr)
    return status


def _status(error: Exception) -> int:
    if isinstance(error, CycloptsError | InputError):
        return USAGE
    if isinstance(error, DownloadError):
        return FAILURE
    if isinstance(error, RunError):
        cause = error.__cause__
        return FAILURE if isinstance(cause, OSError) and cause.errno in _OUT_OF_SPACE else USAGE
    wrong_path = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)
    return USAGE if isinstance(error, wrong_path) else FAILURE


def _message(error: Exception, given: list[str]) -> str:
    command = next((word for word in given[:1] if not word.startswith("-")), "")
    if isinstance(error, CycloptsError):
        known = command and not isinstance(error, UnknownCommandError)
        return f"{_usage(error, command)} (see vael {command + ' ' if known else ''}--help)"
    if isinstance(error, VaelError):
        return as_options(str(error))
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}"
    if isinstance(error, MemoryError):
        return "not enough memory: use fewer rows, or a smaller batch or network"
    return f"unexpected {type(error).__name__}: {error} (--debug shows where; please report it)"


def _usage(error: CycloptsError, command: str) -> str:
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        return f"unexpected argument {error.unused_tokens[0]!r}"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.argument.names[0] if error.argument.names else ""
        if not name.startswith("-") or name not in (error.root_input_tokens or ()):
            return f"{command} needs {name}"
        return f"{name} needs a value"
    return str(error).removesuffix(".")


@contextmanager
def _warnings_as_lines(debug: bool) -> Generator[None]:
    """Show vael's own warnings as one line each on standard error; other packages' only to debug."""

    def show(message: Warning | str, *place: Any, **options: Any) -> None:
        print(f"vael: warning: {as_options(' '.join(str(message).split()))}", file=sys.stderr)

    with warnings.catch_warnings():
        if not debug:
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", VaelWarning)
            warnings.showwarning = show
        yield
