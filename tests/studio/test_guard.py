"""What browsers send that is not by the book must neither break the gate nor lock anybody out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers, QueryParams

from vael.studio.server import _hosts
from vael.studio.web.security import COOKIE, Guard

HOST = "127.0.0.1:8474"
GUARD = Guard("token", frozenset({HOST}), b"s" * 32)
latin = st.text(st.characters(max_codepoint=255), max_size=60)


def sent(**headers: str) -> Headers:
    return Headers(raw=[(k.encode(), v.encode("latin-1")) for k, v in headers.items()])


@pytest.mark.parametrize(
    "other", ['theme={"dark":true}', "a b=c", "x[1]=2", "=", "nameless", '_xsrf="2|1', f"{COOKIE}x=1", ";;"]
)
def test_cookies_of_other_servers_of_the_machine_lock_nobody_out(other: str):
    assert GUARD.has_cookie(sent(cookie=f"{other}; {COOKIE}={GUARD.cookie}"))
    assert GUARD.has_cookie(sent(cookie=f"{COOKIE}={GUARD.cookie}; {other}"))
    assert not GUARD.has_cookie(sent(cookie=f"{other}; {COOKIE}={GUARD.cookie[:-1]}"))


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://a]b", f"http://[{HOST}"])
def test_origins_that_are_no_addresses_are_refused(origin: str):
    assert not GUARD.same_origin(sent(origin=origin))


@given(latin)
def test_no_header_breaks_the_gate_or_opens_it(text: str):
    headers = sent(
        origin=f"http://{text}", cookie=f"{COOKIE}={text}", authorization=f"token x{text}", host=text
    )
    assert (
        GUARD.same_origin(headers) == (text.partition("/")[0].lower() == HOST) or "?" in text or "#" in text
    )
    assert not GUARD.has_cookie(headers)
    assert not GUARD.has_token(QueryParams({}), headers)
    assert not GUARD.has_token(QueryParams({"token": f"x{text}"}), headers)
    assert not GUARD.knows_host(headers)


def test_browsers_leave_port_80_out():
    assert _hosts("127.0.0.1", 80) >= {"127.0.0.1", "127.0.0.1:80", "localhost"}
    assert "127.0.0.1" not in _hosts("127.0.0.1", 8474)
    assert "[::1]:8474" in _hosts("::1", 8474)
