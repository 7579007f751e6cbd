"""Files that are whole or not there: written beside and renamed into place."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vael.errors import RunError

__all__ = ["read_json", "read_tensors", "write_bytes", "write_json", "write_tensors"]


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that whoever looks sees the old content or the new, never a part."""
    beside = path.with_name(f".{path.name}.tmp")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another folder"
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing: is {path.parent} a run folder of vael?") from error
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {path}: {error}") from error


def write_tensors(path: Path, tensors: dict[str, Tensor], facts: Any = None) -> None:
    """Write tensors, with facts as JSON, as one safetensors file."""
    plain = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    write_bytes(path, save(plain, metadata={"facts": json.dumps(facts)}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], Any]:
    """Read what `write_tensors` wrote: the tensors and the facts."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            facts = json.loads((file.metadata() or {}).get("facts", "null"))
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing: is {path.parent} a run folder of vael?") from error
    except (OSError, SafetensorError, ValueError) as error:
        raise RunError(f"cannot read {path}: {error}") from error
    return tensors, facts
