"""An HTTP server that answers as a test says, and nothing else."""

import http.server
import ssl
import threading
from contextlib import contextmanager


@contextmanager
def serving(
    answers: dict[str, tuple[int, bytes] | list[tuple[int, bytes]]],
    context: ssl.SSLContext | None = None,
):
    """An HTTP server that gives `answers` by path, and remembers what came in.

    Of a list, each request gets the next; the last stays.
    """
    asked: list[tuple[str, str | None]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            asked.append((self.path, self.headers["Authorization"]))
            answer = answers.get(self.path, (404, b"not found"))
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
            status, body = answer
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    for method in ("POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.do_GET)

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            """A client that refuses the certificate hangs up: that is what is tested."""

    server = Quiet(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://localhost:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
