"""An alert from its opening to its end: opened once, acknowledged by a person, closed by itself."""

from datetime import datetime
from decimal import Decimal
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from engine.alert_rules import KeptRule, Rule
from engine.canonical import Json, canonical, digest, plain

AlertState = Literal["open", "acknowledged", "closed"]
Change = Literal["open", "close"]
State = Literal["firing", "quiet", "cannot be judged"]
_MARK = 16  # hexadecimal digits: 64 bits tell the episodes of one rule apart


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def body(self) -> Json:
        """What the records keep of it."""
        return plain(self.model_dump())


class Signature(_Plain):
    """An auditor's signature on a statement. Signed again with another value, it is not lost."""

    key: str
    value: str
    auditor: str

    @property
    def of(self) -> tuple[str, str]:
        """What stays the same when the statement is changed and signed again."""
        return self.key, self.auditor


class Evidence(_Plain):
    """What an alert was opened for; prices are exact.

    ``run_id``, ``run_before``: the readings that were compared. ``lost``: signatures.
    """

    network: str | None = None
    offer_id: str | None = None
    provider_id: str | None = None
    usd_per_gpu_hour: Decimal | None = None
    observed_at: AwareDatetime | None = None
    run_id: str | None = None
    run_before: str | None = None
    lost: tuple[Signature, ...] = ()


class Verdict(_Plain):
    """What is so for a rule now, in one sentence. ``keeps``: an open alert stays open."""

    state: State
    sentence: str
    keeps: bool
    evidence: Evidence = Evidence()


class Alert(_Plain):
    """One episode of a rule. It stays as it was opened; only its state goes on."""

    id: str
    rule_id: str
    rule_version: int
    rule: Rule
    sentence: str
    opened_at: AwareDatetime
    evidence: Evidence
    state: AlertState = "open"
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by: str | None = None
    closed_at: AwareDatetime | None = None
    closed_because: str | None = None

    @property
    def words(self) -> str:
        """The rule as it was judged, in words."""
        return self.rule.words

    @classmethod
    def of(cls, kept: KeptRule, verdict: Verdict, at: datetime) -> Self:
        """Open an alert. Its id is made of the rule, its version, the readings and what they say.

        So the same episode has the same id, whoever judges it and however often.
        """
        said = {"rule": kept.id, "version": kept.version, "evidence": verdict.evidence.body}
        mark = digest(canonical(plain(said))).removeprefix("sha256:")[:_MARK]
        return cls(
            id=f"alert-{mark}",
            rule_id=kept.id,
            rule_version=kept.version,
            rule=kept.rule,
            sentence=verdict.sentence,
            opened_at=at,
            evidence=verdict.evidence,
        )

    def acknowledged(self, by: str, at: datetime) -> Self:
        """Return the alert as seen by a person; the first one counts, a closed one stays closed."""
        if self.state != "open":
            return self
        seen = {"state": "acknowledged", "acknowledged_at": at, "acknowledged_by": by}
        return self.model_copy(update=seen)

    def closed(self, because: str, at: datetime) -> Self:
        """Return the alert as over."""
        over = {"state": "closed", "closed_at": at, "closed_because": because}
        return self.model_copy(update=over)


def changes(verdict: Verdict, opened: Evidence | None) -> tuple[Change, ...]:
    """Return what becomes of a rule's alert; ``opened``: what the one that is open was opened for.

    Signatures lost since then are another episode: the old one ends and a new one begins, so that
    nobody who acknowledged the first misses the second.
    """
    if opened is None:
        return ("open",) if verdict.state == "firing" else ()
    if verdict.state == "firing":
        is_news = not set(verdict.evidence.lost) <= set(opened.lost)
        return ("close", "open") if is_news else ()
    return () if verdict.keeps else ("close",)
