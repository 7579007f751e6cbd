"""Kernels that start at once: forks of one process that has imported what the pages use.

Importing takes longer than what most pages compute. Sphinx starts a server with the build (`setup`); Jupyter
starts ``python -m forked_kernel`` for each page (``jupyter/kernels``), which asks the server for a fork and
lives as long as it. Where processes cannot be forked safely, pages get a plain kernel each.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

ADDRESS = "VAEL_DOCS_KERNELS"
USED = (
    "ipykernel.kernelapp",
    "torch",
    "scipy.stats",
    "sklearn.datasets",
    "pictures",
    "vael.estimators",
    "vael.evaluation",
)


def serve(listening: socket.socket) -> None:
    """Fork a kernel for each connection, until the process that started this one is gone."""
    parent = os.getppid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    for name in USED:
        import_module(name)
    with listening:
        listening.settimeout(2.0)
        while os.getppid() == parent:
            try:
                asking, _ = listening.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                listening.close()
                run(asking)
            asking.close()


def run(asking: socket.socket) -> None:
    """Be a kernel; end when the process that asked for it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asking.settimeout(None)
    request = json.loads(asking.makefile().readline())
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    threading.Thread(target=lambda: (asking.recv(1), os._exit(1)), daemon=True).start()
    code = 0
    try:
        import_module("ipykernel.kernelapp").launch_new_instance(
            argv=["-f", request["connection"], "--log-level=40"]
        )
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def ask(address: str, connection: str) -> None:
    """Have the server fork a kernel, and wait until it has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the kernel, which is told by its own channel
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        environment = {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}
        request = {"connection": connection, "folder": str(Path.cwd()), "environment": environment}
        server.sendall(json.dumps(request).encode() + b"\n")
        server.recv(1)


def setup(app: Any) -> dict[str, Any]:
    """Start the server before the pages are read, and end it after."""
    folder = tempfile.TemporaryDirectory(prefix="vael-docs-")
    running: list[subprocess.Popen[bytes]] = []

    def start(app: Any) -> None:
        if app.config.nb_execution_mode == "off" or sys.platform != "linux":
            return
        address = str(Path(folder.name) / "kernels")
        os.environ |= {ADDRESS: address, "JUPYTER_PATH": str(Path(__file__).parent / "jupyter")}
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(address)
            listening.listen()
            place = listening.fileno()
            command = [sys.executable, "-m", "forked_kernel", "--serve", str(place)]
            # What kernels print at their start is for those who start them by hand.
            running.append(subprocess.Popen(command, pass_fds=[place], stdout=subprocess.DEVNULL))

    def stop(app: Any, error: Exception | None) -> None:
        for process in running:
            process.terminate()
            process.wait()
        folder.cleanup()

    app.connect("builder-inited", start)
    app.connect("build-finished", stop)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(socket.socket(fileno=int(sys.argv[2])))
    else:
        ask(os.environ[ADDRESS], sys.argv[1])
