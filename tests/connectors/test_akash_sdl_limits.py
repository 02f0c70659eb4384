"""What Akash cannot promise is refused before buying, or said so that the bids are checked."""

import pytest

from connectors.networks.akash.sdl_limits import refusals
from engine.requirement import Attribute, EnvVar, Gpus, Port, Requirement
from tests.connectors.sdls import JOB

PUBLIC = Port(port=8080)


def job(**changes: object) -> Requirement:
    return Requirement.model_validate(dict(JOB) | changes)


def asks(key: str, value: str, signed_by: str | None = None) -> dict[str, object]:
    return {"attributes": (Attribute(key=key, value=value, signed_by=signed_by),)}


def test_a_job_that_akash_can_run_is_not_refused():
    assert refusals(JOB) == ()
    assert refusals(JOB, ["TEAM_HF"]) == ()


@pytest.mark.parametrize(("changes", "words"), [
    ({"image": None}, "name one (image)"),
    ({"image": "a b"}, "without spaces"),
    ({"nodes": 2}, "one by one"),
    ({"terms": frozenset({"spot"}), "interruptible": True}, "add on_demand"),
    ({"gpus": Gpus(count=25, models=frozenset({"H100"}))}, "at most 24 GPUs"),
    ({"vcpu_min": 385}, "at most 384 vCPUs"),
    ({"memory_gib_min": 2049}, "at most 2048 GiB of RAM"),
    ({"storage_gib_min": 32_769}, "at most 32768 GiB of disk"),
    ({"ports": ()}, "name one public port"),
    ({"ports": (Port(port=1, is_public=False),)}, "name one public port"),
    ({"ports": (PUBLIC, Port(port=81))}, "one web address"),
    ({"ports": (Port(port=80, protocol="tcp"),)}, "write protocol: http"),
    ({"ports": (PUBLIC, Port(port=8080, protocol="tcp"))}, "given 2 times"),
    (asks("tier", "x", "Somebody"), "nobody called 'Somebody' audits"),
    (asks("a key", "x"), "write an attribute's name"),
    (asks("tee/type", "gpu"), "write one of cpu, cpu-gpu"),
    (asks("reclamation/min-window", "1d"), "as 24h"),
    ({"command": ("a", "hf_abcdefghijklmnop")}, "put it into env"),
    ({"command": ("x" * 60_000,)}, "more than 50000 characters"),
    ({"attributes": (Attribute(key="ab", value="b"), Attribute(key="ab", value="c"))}, "twice"),
])  # fmt: skip
def test_what_akash_cannot_do_is_refused_with_what_to_do(changes, words):
    (said,) = refusals(job(**changes))

    assert words in said
    assert "hf_abc" not in said


def test_a_secret_that_is_not_set_is_named():
    two = job(env=(EnvVar(name="A", secret="ONE"), EnvVar(name="B", secret="TWO")))

    assert refusals(two) == ()
    assert refusals(two, ["ONE"]) == (
        "the secret TWO is not set: set NECTO_SECRET_TWO where the worker runs",
    )


def test_a_port_that_serves_udp_and_tcp_is_two_ports():
    both = (Port(port=53, protocol="udp"), Port(port=53, protocol="tcp"))
    assert refusals(job(ports=both)) == ()
