"""The guard: what another site, another machine or a malformed request may do. Nothing."""

import asyncio
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.api.guard import BODY_BYTES, Guard

HERE = "http://127.0.0.1:8501"
WRITE = {"X-Litpose": "1", "Content-Type": "application/json"}
FRAME = "/api/projects/p/frames"


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())}")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(socket.headers.get("origin", ""))
    await socket.close()


def client(token: str | None = None, **names) -> TestClient:
    ways = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
    routes = [
        WebSocketRoute("/_stcore/stream", talk),
        Route("/{path:path}", answer, methods=ways),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Guard, token=token, **names)])
    return TestClient(app, base_url=HERE, follow_redirects=False)


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "LOCALHOST", "[::1]:8501", "127.0.0.1"])
def test_this_machine_by_any_of_its_names_is_served(host):
    assert client().get(FRAME, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8501", "127.0.0.1.evil.example", "localhost.evil.example", "localhost.",
        "192.168.1.7:8501", "0.0.0.0:8501", "127.0.0.1@evil.example", "evil.example#127.0.0.1", "", "[::1",
        "127.0.0.1:notaport", "127.0.0.1/x", "2130706433", "127.1", "localhost, evil.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/", FRAME, "/_stcore/health", "/assets/canvas/index.js", "/canvas/p", "/view/p"]
)
def test_no_other_name_is_served_on_any_route(host, path):
    assert client().get(path, headers={"Host": host}).status_code == 421


def test_a_second_host_header_is_refused():
    names = [("Host", "127.0.0.1:8501"), ("Host", "evil.example")]
    assert client().get(FRAME, headers=names).status_code == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:9000", "http://127.0.0.1", "http://localhost:8501", ""],
)
@pytest.mark.parametrize("way", ["GET", "POST", "PUT"])
def test_another_origin_is_refused_whatever_it_asks(origin, way):
    got = client().request(way, FRAME, headers={"Origin": origin, **WRITE}, content=b"{}")
    assert got.status_code == 403
    assert "another site" in got.json()["error"]


def test_a_page_on_another_port_of_this_machine_is_another_site():
    headers = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert client().get(FRAME, headers=headers).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
@pytest.mark.parametrize("mode", ["no-cors", "cors", "navigate"])
def test_what_the_browser_says_of_the_source_of_a_request_counts_without_an_origin_too(site, mode):
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": "document", **WRITE}
    assert client().get(FRAME, headers=headers).status_code == 403
    assert client().post(FRAME, headers=headers, content=b"{}").status_code == 403


def test_a_link_on_another_site_may_open_the_page_but_no_frame_around_it():
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client().get("/", headers=link).status_code == 200
    assert client().get("/", headers={**link, "Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert "frame-ancestors 'self'" in client().get("/").headers["content-security-policy"]


def test_our_own_page_may_read_and_write():
    own = {
        "Origin": HERE,
        "Sec-Fetch-Site": "same-origin",
        "Sec-Fetch-Mode": "cors",
        "Sec-Fetch-Dest": "empty",
    }
    assert client().get(FRAME, headers=own).status_code == 200
    assert client().post(FRAME, headers={**own, **WRITE}, content=b"{}").text == "2"


@pytest.mark.parametrize("way", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_change_needs_the_header_that_no_form_can_send(way):
    assert client().request(way, FRAME, headers={"Content-Type": "application/json"}).status_code == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_what_a_form_can_send_is_no_change(kind):
    got = client().post(FRAME, headers={"X-Litpose": "1", "Content-Type": kind}, content=b"{}")
    assert got.status_code == 415


def test_a_body_of_too_many_bytes_is_refused_before_it_is_read():
    got = client().post(FRAME, headers={**WRITE, "Content-Length": str(BODY_BYTES + 1)}, content=b"{}")
    assert got.status_code == 413


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "0x10"])
def test_a_length_that_is_no_number_is_refused(length):
    headers = {**WRITE, "Content-Length": length.encode()}
    assert client().post(FRAME, headers=headers, content=b"{}").status_code == 413


def test_a_body_that_hides_its_length_is_cut_off_at_the_limit():
    def pieces():
        for _ in range(BODY_BYTES // 65536 + 2):
            yield b" " * 65536

    got = client().post(FRAME, headers=WRITE, content=pieces())
    assert got.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/api/projects/p/../../etc/passwd", "/api/projects/p/%2e%2e/%2e%2e/etc/passwd",
        "/api/projects/p/..%2f..%2fetc/passwd", "/api/projects/p/%252e%252e%252fetc/passwd",
        "/api/projects/p/..%5c..%5cwindows", "/api/projects/p/%5c%5cserver%5cshare", "/api//etc/passwd",
        "/api/projects/p/image%00.png", "/assets/canvas/../server.py", "/assets/canvas/%2e%2e/server.py",
        "/assets/canvas//etc/passwd", "/canvas/%2e%2e/x", "/api/./x",
    ],
)  # fmt: skip
def test_no_address_climbs_out(path):
    status = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        status.append(message.get("status"))

    async def inner(scope, receive, send):
        pytest.fail(f"{scope['path']} was let through")

    scope = {
        "type": "http", "method": "GET", "path": unquote(path), "raw_path": path.encode(),
        "query_string": b"", "headers": [(b"host", b"127.0.0.1:8501")],
    }  # fmt: skip  # a client of our own would tidy up the path first
    asyncio.run(Guard(inner, token=None)(scope, receive, send))
    assert status[0] == 400


def test_every_answer_tells_the_browser_to_keep_other_sites_out():
    headers = client().get("/assets/canvas/index.js").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy  # nothing from anywhere else


def test_a_websocket_of_another_origin_is_not_accepted():
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            client().websocket_connect(f"{HERE.replace('http', 'ws')}/_stcore/stream", headers=headers),
        ):
            pass
        assert refused.value.code == 1008


def test_streamlit_is_told_an_origin_that_it_need_not_look_up():
    with client().websocket_connect("ws://127.0.0.1:8501/_stcore/stream", headers={"Origin": HERE}) as socket:
        assert socket.receive_text() == "http://localhost"


SECRET = "a-token-of-24-letters"


def guarded_by_token() -> TestClient:
    return client(SECRET, addresses=True)


@pytest.mark.parametrize(
    "path", ["/", FRAME, "/_stcore/health", "/assets/canvas/index.js", "/canvas/p", "/media/x"]
)
@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", f"?token={SECRET}x", "?token=%ff"])
def test_without_the_token_every_route_is_closed(path, query):
    got = guarded_by_token().get(path + query)
    assert got.status_code == 401
    assert "token" in got.json()["error"]


def test_the_token_of_the_address_becomes_a_cookie_and_leaves_the_address():
    network = guarded_by_token()
    got = network.get(f"/label?frame=3&token={SECRET}")
    assert got.status_code == 303
    assert got.headers["location"] == "/label?frame=3"
    assert "HttpOnly" in got.headers["set-cookie"]
    assert "SameSite=Lax" in got.headers["set-cookie"]
    assert network.get(FRAME).status_code == 200
    assert network.post(FRAME, headers=WRITE, content=b"{}").status_code == 200


def test_the_redirect_stays_on_this_server():
    got = guarded_by_token().get(f"{HERE}//evil.example/?token={SECRET}")
    assert got.headers["location"] == "/evil.example/"


def test_a_program_shows_the_token_in_a_header():
    assert guarded_by_token().get(FRAME, headers={"X-Litpose-Token": SECRET}).status_code == 200
    assert guarded_by_token().get(FRAME, headers={"X-Litpose-Token": b"\xfc"}).status_code == 401


def test_the_token_does_not_open_the_door_to_other_sites():
    headers = {"X-Litpose-Token": SECRET, "Origin": "http://evil.example"}
    assert guarded_by_token().get(FRAME, headers=headers).status_code == 403
    assert guarded_by_token().get(FRAME, headers={**headers, "Host": "evil.example"}).status_code == 421


def test_on_a_network_any_numeric_address_serves():
    assert guarded_by_token().get("/", headers={"Host": "192.168.1.7:8501"}).status_code == 401


def test_a_websocket_needs_the_token_too():
    network = guarded_by_token()
    with (
        pytest.raises(WebSocketDisconnect),
        network.websocket_connect("ws://127.0.0.1:8501/_stcore/stream"),
    ):
        pass
    network.get(f"/?token={SECRET}")
    with network.websocket_connect("ws://127.0.0.1:8501/_stcore/stream") as socket:
        assert socket.receive_text() == ""


def test_a_cookie_that_cannot_be_read_is_none():
    assert guarded_by_token().get(FRAME, headers={"Cookie": 'litpose_8501="; a[]=1'}).status_code == 401


def test_odd_cookies_of_other_programs_do_not_hide_ours():
    headers = {"Cookie": f'theme={{"dark": "yes"}}; litpose_8501={SECRET}; last'}
    assert guarded_by_token().get(FRAME, headers=headers).status_code == 200
