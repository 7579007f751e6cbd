"""Who may speak to the studio: a token in the address, then a cookie; known hosts and origins only."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["COOKIE", "HEADERS", "Gate", "Guard", "cookie_secret"]

COOKIE = "vael-studio"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the first address holds the token
    "X-Content-Type-Options": "nosniff",
}

OTHER_HOST = "this server answers for the address that vael studio printed, and for no other"
REFUSED = (
    "this address wants its token: open the address that vael studio printed in its terminal "
    "(http://...:PORT/?token=...)"
)


def cookie_secret(folder: Path | None = None) -> bytes:
    """Return the secret that cookies are signed by, the same from one start of the server to the next.

    It is kept in the user's state folder, readable by its owner alone; where that cannot be written it lives
    as long as the process.

    Arguments:
        folder: Where it is kept; None: the user's state folder.
    """
    if folder is None:
        from platformdirs import user_state_path

        folder = user_state_path("vael")
    path = folder / "studio-secret"
    with suppress(OSError):
        found = path.read_bytes()
        if len(found) == 32:
            return found
    secret = secrets.token_bytes(32)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = folder / f"studio-secret-{secrets.token_hex(4)}"
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
        beside.replace(path)
    return secret


@dataclass(frozen=True)
class Guard:
    """What a request must show.

    Attributes:
        token: Stands in the address that is printed.
        hosts: Names that the server was started for, with their port, in lower case.
        secret: Signs the cookie.
    """

    token: str
    hosts: frozenset[str]
    secret: bytes = field(repr=False)

    @property
    def cookie(self) -> str:
        """The value of the cookie of those who once showed the token."""
        return hmac.new(self.secret, b"vael studio, 1", hashlib.sha256).hexdigest()

    def knows_host(self, headers: Headers) -> bool:
        """Whether a request is for a host that the server was started for, not one that only points here."""
        return headers.get("host", "").lower() in self.hosts

    def same_origin(self, headers: Headers) -> bool:
        """Whether a page that asks is one of this server's; what is no page sends no origin."""
        origin = headers.get("origin")
        if origin is None:
            return True
        try:
            return urlsplit(origin).netloc.lower() in self.hosts
        except ValueError:  # brackets that do not close
            return False

    def has_token(self, query: QueryParams, headers: Headers) -> bool:
        """Whether the token was shown."""
        given = query.get("token")
        if given is None:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            if scheme.lower() not in ("token", "bearer"):
                return False
        return hmac.compare_digest(given.strip().encode(), self.token.encode())

    def has_cookie(self, headers: Headers) -> bool:
        """Whether the cookie was shown."""
        # Cookies know no ports: beside ours come those of every other server of this machine, and
        # http.cookies reads none at all where one of them is not by the book.
        given = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        return hmac.compare_digest(given.encode(), self.cookie.encode())


class Gate:
    """Lets in what a `Guard` knows, and puts the headers of safety on every answer."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self.app = app
        self.guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or a WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message["headers"]}
                extra = [(k.encode().lower(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *(e for e in extra if e[0] not in known)]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, sent)
        elif scope["type"] == "http":
            await refusal(scope, receive, sent)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "refused"})

    def _refusal(self, scope: Scope) -> Response | None:
        headers, query = Headers(scope=scope), QueryParams(scope["query_string"])
        if not self.guard.knows_host(headers):
            return JSONResponse({"error": OTHER_HOST}, 421)
        asking = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if asking and not self.guard.same_origin(headers):
            return JSONResponse({"error": "a page of another origin may not ask"}, 403)
        token = self.guard.has_token(query, headers)
        if token and scope["type"] == "http" and scope["path"] == "/" and "token" in query:
            answer = RedirectResponse("./", 303)
            answer.set_cookie(COOKIE, self.guard.cookie, httponly=True, samesite="strict", path="/")
            return answer
        if token or self.guard.has_cookie(headers):
            return None
        return JSONResponse({"error": REFUSED}, 403)
