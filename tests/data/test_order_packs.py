"""An evidence pack over orders, their holds and usage verifies with its own verifier."""

import io
import json
import subprocess
import sys
import zipfile

import pytest

from data import checkpoints, packs
from data.settings import Settings
from data.trail_keys import signer
from engine.commands import Refused
from tests.orders import INES, KOFI, closed, opened, place, read, reading, running, wanted


@pytest.fixture
def settings(tmp_path):
    return Settings.from_env({"NECTO_HOME": str(tmp_path)})


@pytest.fixture
def book(tmp_path, settings):
    """A book of an order that ran, was metered and ended, and of one that was refused."""
    records = opened(f"sqlite:///{tmp_path / 'b.sqlite'}")
    order = running(records)
    read(records, reading(70_000_000))
    closed(records, order)
    with pytest.raises(Refused):
        place(records, wanted("sbx-2"), KOFI, "refused")
    place(records, wanted("sbx-3"), INES, "k3")
    checkpoints.make(records, signer(records, settings.home, {}), settings.home)
    yield records
    records.close()


def packed(book, settings, **asked):
    out = io.BytesIO()
    packs.write(book, settings, packs.Wanted(**asked), out)
    return out.getvalue()


def judged(content, tmp_path):
    path = tmp_path / "pack.zip"
    path.write_bytes(content)
    command = [sys.executable, "-I", "-S", str(packs.VERIFY_PY), str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("asked", [{}, {"subject": "order/sbx-1"}], ids=["all", "one order"])
def test_a_pack_of_orders_verifies(book, settings, tmp_path, asked):
    content = packed(book, settings, **asked)
    done = judged(content, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        text = "".join(pack.read(name).decode(errors="replace") for name in pack.namelist())
    assert "necto.order.placed" in text
    assert json.dumps("order_events") in text


def test_a_pack_whose_order_was_changed_does_not_verify(book, settings, tmp_path):
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed(book, settings))) as pack,
        zipfile.ZipFile(changed, "w") as other,
    ):
        for info in pack.infolist():
            content = pack.read(info)
            other.writestr(info, content.replace(b'"hold_cents":16000', b'"hold_cents":16001'))
    assert judged(changed.getvalue(), tmp_path).returncode != 0
