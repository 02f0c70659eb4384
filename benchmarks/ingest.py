"""Reading every source at once against the slowest of them alone, over real HTTP on loopback.

Each registered source has a server of its own that gives the made-up answers of the tests, each
after ``LATENCY_SECONDS``, as a network far away does. ``python benchmarks/ingest.py`` prints the
time of each source alone and of all together (medians of ``RUNS``); target: at most 3 times the
slowest. Politeness (a pause between two requests to one origin) is as in production.
"""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from pydantic import SecretStr

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from connectors.base import Source
from connectors.http import HttpClient
from connectors.jobs.ingest import Ingest, run_all
from connectors.registry import SOURCES
from data.market import Lake
from data.shipped import catalogue
from tests.connectors.samples import SAMPLES, Sample

RUNS = 3
LATENCY_SECONDS = 0.3


@contextmanager
def answering(sample: Sample) -> Iterator[str]:
    """Serve a source's made-up answers on loopback."""
    texts = sample.texts()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(LATENCY_SECONDS)
            host = self.headers["Host"]
            name = sample.file_of(httpx.Request("GET", f"http://{host}{self.path}"))
            body = texts[name].replace(sample.source.default_url, f"http://{host}").encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the table is the output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def seconds(sources: list[Source]) -> float:
    """Median time to read these sources into a fresh lake; every one must succeed."""
    taken = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder, HttpClient() as http:
            job = Ingest(Lake(Path(folder)), http, catalogue())
            start = time.perf_counter()
            rows = run_all(job, sources)
            taken.append(time.perf_counter() - start)
        assert {row["outcome"] for row in rows} == {"ok"}, rows
    return statistics.median(taken)


def main() -> None:
    with ExitStack() as stack:
        sources: list[Source] = []
        for kind in SOURCES:
            sample = SAMPLES[kind.name]
            address = stack.enter_context(answering(sample))
            sources.append(kind(address, SecretStr(sample.key) if sample.key else None))
        alone = {source.name: seconds([source]) for source in sources}
        for name, taken in sorted(alone.items(), key=lambda item: item[1]):
            print(f"{name:8} alone {taken:6.2f} s")
        together, slowest = seconds(sources), max(alone.values())
        print(
            f"all {len(sources)} together {together:6.2f} s   the slowest alone {slowest:6.2f} s   "
            f"{together / slowest:.2f} x (target <= 3)"
        )


if __name__ == "__main__":
    main()
