"""A made-up EC2 price list of any size, served on a loopback port, and a reader that is measured.

``python -m tests.connectors.price_list ADDRESS`` reads it as Necto does and prints what that took.
"""

import csv
import io
import itertools
import json
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from connectors.baselines.aws import Aws
from connectors.http import HttpClient
from data.shipped import catalogue
from tests.connectors.codecs import CSV
from tests.connectors.samples import NOW, SAMPLES

REPOSITORY = Path(__file__).parents[2]
BLOCK_ROWS = 1500
FOLDER = "/offers/v1.0/aws/AmazonEC2"
Chunks = Callable[[], Iterator[bytes]]


def price_list(bytes_min: int) -> Iterator[bytes]:
    """Head and rows in blocks of about 1 MB; one row of a block is a GPU machine for sale."""
    document = CSV.loads(SAMPLES["aws"].texts()["us-east-1.csv"])
    blank = [f"Attribute {n}" for n in range(45)]  # the real list has some 85 columns, most empty
    columns = [*document["columns"], *blank]
    yield _lines([*document["metadata"], columns])
    sold = document["rows"][0] | dict.fromkeys(blank, "")
    combinations = itertools.product(
        ("Linux", "Windows", "RHEL", "SUSE", "Linux with SQL"),
        ("Used", "UnusedCapacityReservation", "AllocatedCapacityReservation"),
        ("Shared", "Dedicated", "Host"),
    )
    others = [
        sold
        | {"Operating System": system, "CapacityStatus": status, "Tenancy": tenancy}
        | {"Instance Type": f"m{n % 9}.{n}xlarge", "Instance Family": "General purpose"}
        for n, (system, status, tenancy) in zip(
            range(BLOCK_ROWS - 1), itertools.cycle(combinations)
        )
    ]
    rest = _lines([[row[c] for c in columns] for row in others])
    sizes = sorted(i.name for i in catalogue().instances.values() if i.provider == "aws")
    sent = 0
    while sent < bytes_min:
        size = sizes[sent // len(rest) % len(sizes)]
        here = sold | {"Instance Type": size, "GPU": ""}
        yield (block := _lines([[here[c] for c in columns]]) + rest)
        sent += len(block)


def _lines(rows: list[list[str]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return written.getvalue().encode()


def zipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    pack = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    for chunk in chunks:
        yield pack.compress(chunk)
    yield pack.flush()


@contextmanager
def serving(chunks: Chunks, headers: Mapping[str, str]) -> Iterator[str]:
    """Serve an index that names one region, and its list in chunks; gives the base address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            if self.path.endswith("region_index.json"):
                region = {"currentVersionUrl": f"{FOLDER}/1/us-east-1/index.json"}
                body = json.dumps({"regions": {"us-east-1": region}}).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            for name, value in {"Transfer-Encoding": "chunked", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for chunk in filter(None, chunks()):
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def peak_bytes() -> int:
    """Return this process's own largest size; ``ru_maxrss`` would count the parent it left."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def measured(*command: str) -> dict[str, float]:
    """Run a Python command whose last line is its figures in JSON, in a process of its own."""
    run = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY), "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def figures(work: Callable[[], int]) -> str:
    before, began, busy = peak_bytes(), time.perf_counter(), time.process_time()
    found: dict[str, float] = {"rows": work(), "before": before}
    found |= {"seconds": time.perf_counter() - began, "cpu": time.process_time() - busy}
    return json.dumps(found | {"peak": peak_bytes()})


def read(base_url: str) -> int:
    source, known = Aws(base_url), catalogue()
    with HttpClient() as http:
        answers = source.fetch(http, known)
    return len(source.parse(answers, NOW, known).offers)


if __name__ == "__main__":
    print(figures(lambda: read(sys.argv[1])))  # noqa: T201 - what the parent reads
