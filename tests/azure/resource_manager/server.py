"""A port on loopback -> requests. It is the clients' proxy, so every name of DOMAIN leads here."""

import json
import ssl
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .messages import Request, Response

Answer = Callable[[Request], Response | None]


class Server(ThreadingHTTPServer):
    """Serves until closed. An answer of None means: drop the connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context = context
        self.answer = answer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a client that is killed in the middle is what some tests do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def _serve(self) -> None:
        response = self.server.answer(self._request())
        if response is None:
            self.close_connection = True
            return
        body = b"" if response.body is None else json.dumps(response.body).encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _request(self) -> Request:
        url = urllib.parse.urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return Request(
            method=self.command,
            host=self.headers.get("Host", "").split(":")[0],
            path=urllib.parse.unquote(url.path),
            query=dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=_body(raw, self.headers.get("Content-Type", "")),
        )

    def log_message(self, format: str, *args: object) -> None:
        pass


def _body(raw: bytes, content_type: str) -> Any:
    if not raw:
        return None
    if "form" in content_type:
        return dict(urllib.parse.parse_qsl(raw.decode()))
    return json.loads(raw)


def start(context: ssl.SSLContext, answer: Answer) -> Server:
    """Start serving on a free port."""
    server = Server(context, answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
