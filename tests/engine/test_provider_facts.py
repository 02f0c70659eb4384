"""A failure decides, then the longest evidence; a provider goes by every name it has."""

from datetime import timedelta

import polars as pl

from engine.market import Provider, providers_frame
from engine.policy import Finding
from engine.provider_facts import judgement_of, judgements, names_of, two_names
from tests.route_worlds import NOW


def finding(word: str, **changes) -> Finding:
    fields = {"network": "akash", "provider_id": "p1", "control": "soc2", "word": word}
    return Finding(**(fields | changes))


def provider(name: str | None) -> Provider:
    whose = {"network": "akash", "provider_id": "p1", "name": name}
    return Provider(**whose, observed_at=NOW, source_kind="live", source="x")


def test_a_failure_decides_and_else_the_evidence_that_holds_the_longest():
    short = finding("satisfied", expires_at=NOW)
    long = finding("satisfied", expires_at=NOW + timedelta(days=1))
    failed = finding("not_satisfied", expires_at=NOW)
    key = ("akash", "p1", "soc2")

    assert judgements([short, long, finding("unknown")])[key].finding is long
    assert judgements([long, finding("satisfied")])[key].finding.expires_at is None
    assert judgements([failed, long])[key].failed
    assert judgements([finding("unknown")]) == {}


def test_a_providers_own_judgement_comes_before_its_networks():
    judged = judgements([finding("satisfied"), finding("not_satisfied", provider_id=None)])
    own = judgement_of(judged, "akash", "p1", "soc2")
    other = judgement_of(judged, "akash", "p2", "soc2")
    nameless = judgement_of(judged, "akash", None, "soc2")

    assert (own.failed, other.failed, nameless.failed) == (False, True, True)
    assert judgement_of(judged, "lium", "p1", "soc2") is None


def test_a_provider_listed_under_two_names_goes_by_both():
    providers = providers_frame([provider("new.example"), provider("old.example"), provider(None)])
    places = pl.DataFrame({
        "place": [0, 1], "network": ["akash", "akash"], "provider_id": ["p1", None],
        "provider_name": ["own.example", "p5.48xlarge"],
    })  # fmt: skip
    names = names_of(places, providers).sort("place", "name")

    assert two_names(providers) == [("akash", "p1", ["new.example", "old.example"])]
    assert list(names.iter_rows()) == [
        (0, "new.example"), (0, "old.example"), (0, "own.example"), (0, "p1"), (1, "p5.48xlarge"),
    ]  # fmt: skip
