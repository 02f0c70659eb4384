"""A server on loopback that answers as a test says, for what must go through a real socket."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

from connectors.registry import SOURCES

Answers = Callable[[httpx.Request], httpx.Response]


def stand_ins(url: str) -> dict[str, str]:
    """The variables that point every source at one address, so that none leaves the machine."""
    names = [(kind.name, *which) for kind in SOURCES for which in [(), *zip(kind.extra_urls)]]
    return {f"NECTO_{'_'.join(name).upper()}_URL": url for name in names}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers: Answers) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        asked = httpx.Request(self.command, f"http://{self.headers['host']}{self.path}",
                              headers=dict(self.headers), content=body)  # fmt: skip
        try:
            said = self.server.answers(asked)
        except httpx.TransportError:  # a stand-in for what is out of reach
            said = httpx.Response(404)
        self.send_response(said.status_code)
        for name in {"content-type", "location", "retry-after"} & set(said.headers):
            self.send_header(name, said.headers[name])
        self.send_header("content-length", str(len(said.content)))
        self.end_headers()
        self.wfile.write(said.content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@contextmanager
def answered(answers: Answers) -> Iterator[str]:
    """The address where these answers are given until the block ends."""
    with _Server(answers) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
