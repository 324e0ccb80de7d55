"""An issuer of tokens on this machine, which tells its keys over HTTP, or fails to."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class Issuer:
    """Answers what `answer` says and counts how often it was asked."""

    def __init__(self, url: str, jwks_file: Path) -> None:
        self.url = url
        self._jwks_file = jwks_file
        self.asked = 0
        self.is_away = False
        self.rubbish: bytes | None = None

    def answer(self) -> tuple[int, bytes]:
        self.asked += 1
        if self.is_away:
            return 503, b""
        return 200, self._jwks_file.read_bytes() if self.rubbish is None else self.rubbish


@contextmanager
def open_issuer(jwks_file: Path) -> Iterator[Issuer]:
    """Serve until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = issuer.answer()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}/jwks.json", jwks_file)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
