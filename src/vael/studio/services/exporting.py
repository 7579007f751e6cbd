"""One HTML file of a view, which opens from disk and decodes under the cursor without a server."""

from __future__ import annotations

import base64
import hashlib
import html
import math
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qs

import numpy as np

from vael.errors import InputError
from vael.studio.columns import Reply, pack
from vael.studio.decoder_block import HALF_ABOVE, decoder_block
from vael.studio.facts import facts
from vael.studio.loaded import Loaded
from vael.studio.services.export_colours import colours_of
from vael.studio.web.files import page_folder

__all__ = ["MOST_BYTES", "page"]

MOST_BYTES = 6 * 10**6
"""Of the whole file: points are left out where it would be larger."""

ATLAS_BYTES = 2 * 10**6
MOST_NODES = 40  # of the atlas, on a side
GOLDEN = 0.6180339887498949
ROOM = 0.05  # round the points, in parts of their extent


def page(loaded: Loaded, view: str = "") -> str:
    """Return the file of a view.

    It holds the places of the points on the map, to 16 bits, with their colours; and the decoder: its weights
    where it is a multilayer perceptron with a law that the page knows, else rows decoded on a grid over the
    map, between which the page blends.

    Arguments:
        loaded: The run.
        view: The fragment of the studio's address; of it `axes`, `z`, `at`, `colour` and `hidden` count. A
            map in three dimensions is exported as its first two, all of them.
    """
    script, style = _built("export.js"), _built("export.css")
    seen = _View.of(loaded, view)
    every = facts(loaded)
    places = (loaded.latents.astype(np.float64) - seen.origin) @ seen.directions.T
    if places.shape[1] == 1:  # a strip: its points are spread over heights that mean nothing
        places = np.column_stack([places, 2 * (np.arange(len(places)) * GOLDEN % 1) - 1])
    low, high = places.min(0), places.max(0)
    margin = ROOM * np.maximum(high - low, 1e-6)
    low, high = low - margin, high + margin
    arrays: dict[str, np.ndarray] = {}
    shown: dict[str, Any] = {"decoder": None, "scaling": None, "atlas": None}
    block = decoder_block(loaded.estimator.model_.decoder)
    if block is not None and block.numbers.nbytes <= HALF_ABOVE:
        scaling = loaded.estimator.schema_.scaling
        arrays["halves" if block.half else "weights"] = block.numbers
        shown["decoder"] = block.facts
        shown["scaling"] = {"offset": scaling.offset.reshape(-1), "scale": scaling.scale.reshape(-1)}
    else:
        shown["atlas"] = _atlas(loaded, seen, low, high, arrays)
    room = MOST_BYTES - len(script) - len(style) - 4 * sum(a.nbytes for a in arrays.values()) // 3 - 20_000
    kept = _kept(len(places), room)
    arrays["places"] = np.rint((places[kept] - low) / (high - low) * 65535).astype(np.uint16)
    colours = colours_of(loaded, seen.colour, seen.hidden)
    if colours is not None:
        arrays["colours"] = colours.numbers[kept]
    shown |= {
        "title": every["run"]["name"],
        "version": version("vael"),
        "lines": _lines(every),
        "count": len(kept),
        "left_out": len(places) - len(kept),
        "low": low,
        "high": high,
        "at": seen.at,
        "names": seen.names,
        "space": every["model"]["latent_space"],
        "z": seen.z,
        "origin": seen.origin,
        "directions": seen.directions,
        "colouring": None if colours is None else colours.facts,
        "image_shape": loaded.image_shape,
        "value_range": every["data"]["value_range"],
        "feature_names": every["data"]["feature_names"],
        "feature_quantiles": every["data"]["feature_quantiles"],
    }
    return _document(str(shown["title"]), script, style, pack(Reply(shown, arrays)))


@dataclass(frozen=True, eq=False)
class _View:
    """The map's plane: places are (z - origin) along the directions."""

    origin: np.ndarray
    directions: np.ndarray
    names: tuple[str, str]
    z: np.ndarray
    at: np.ndarray | None  # the middle, and map units of a pixel
    colour: str
    hidden: list[int]

    @classmethod
    def of(cls, loaded: Loaded, view: str) -> _View:
        size = loaded.coordinates
        asked = {name: values[0] for name, values in parse_qs(view.lstrip("#")).items()}
        latent = facts(loaded)["latent"]
        z = _numbers(asked.get("z", ""), size)
        z = _onto_space(loaded, (np.array(latent["mean"]) if z is None else z)[None])[0]
        at = None if asked.get("dims") == "3" else _numbers(asked.get("at", ""), 3)
        if at is not None and at[2] <= 0:
            at = None
        hidden = [int(code) for code in asked.get("hidden", "").split(",") if code.isdecimal()]
        rest = (z, at, asked.get("colour", "label"), hidden)
        if asked.get("axes") == "principal":
            directions = np.array(latent["axes"])[:2]
            return cls(np.array(latent["mean"]), directions, ("axis 1", "axis 2"), *rest)
        found = [int(a) for a in asked.get("axes", "").split(",") if a.isdecimal() and int(a) < size]
        chosen = list(dict.fromkeys([*found, *range(size)]))[:2]
        names = [f"z{axis + 1}" for axis in chosen] + [""]
        return cls(np.zeros(size), np.eye(size)[chosen], (names[0], names[1]), *rest)


def _numbers(text: str, size: int) -> np.ndarray | None:
    try:
        found = np.array([float(part) for part in text.split(",")])
    except ValueError:
        return None
    return found if found.shape == (size,) and np.isfinite(found).all() else None


def _atlas(
    loaded: Loaded, seen: _View, low: np.ndarray, high: np.ndarray, arrays: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Decode a grid over the map; nodes of a curved space are brought onto it."""
    features = loaded.rows.shape[1]
    bytes_each = features * (1 if loaded.image_shape else 4)
    side = int(np.clip(math.isqrt(ATLAS_BYTES // bytes_each), 2, MOST_NODES))
    columns, rows = side, (side if len(seen.directions) > 1 else 1)
    x, y = np.linspace(low[0], high[0], columns), np.linspace(low[1], high[1], rows)
    places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)[:, : len(seen.directions)]
    now = (seen.z - seen.origin) @ seen.directions.T
    Z = seen.z + (places - now) @ seen.directions
    decoded = loaded.decoded(_onto_space(loaded, Z))
    arrays["atlas_bytes" if decoded.dtype == np.uint8 else "atlas"] = decoded
    return {"columns": columns, "rows": rows, "low": low, "high": high}


def _onto_space(loaded: Loaded, Z: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(Z, axis=1, keepdims=True)
    if loaded.coordinates != loaded.estimator.n_components_:  # a sphere
        return Z / np.maximum(norms, 1e-9)
    if getattr(loaded.estimator, "latent_space", "euclidean") == "poincare":
        return Z * np.minimum(1, 0.99 / np.maximum(norms, 1e-9))
    return Z


def _kept(count: int, room: int) -> np.ndarray:
    """Row numbers that fit: five bytes a point, written in base 64."""
    most = max(1000, int(room * 3 / 4 / 5))
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).permutation(count)[:most])


def _lines(every: dict[str, Any]) -> list[str]:
    model = every["model"]
    latents = f"{model['latents']} latent{'s' * (model['latents'] != 1)}"
    bound = f"bound {model['bound']:.1f} nats".replace("-", "\N{MINUS SIGN}")
    return [every["data"]["name"], latents, model["likelihood"], bound]


def _built(name: str) -> str:
    path = page_folder() / "export" / name
    if not path.is_file():
        raise InputError(f"the page to export was not built ({name} is missing): cd studio && npm run build")
    return path.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a policy of content names an inline text by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _document(title: str, script: str, style: str, body: bytes) -> str:
    script = script.replace("</script", "<\\/script")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{html.escape(title)} · vael</title>
<style>{style}</style>
</head>
<body>
<div id="page"></div>
<script type="application/octet-stream" id="body">{base64.b64encode(body).decode()}</script>
<script>{script}</script>
</body>
</html>
"""
