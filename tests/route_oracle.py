"""What routing must answer, offer by offer and gate by gate, in plain Python without frames."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.landed import landed
from engine.market import Offer, Provider
from engine.policy import Finding, Policy, Rules
from engine.requirement import Attribute, Requirement
from tests.route_worlds import CATALOGUE, COSTS

H100 = {"H100", "H100-SXM", "H100-PCIe"}
A100_80 = {"A100-80-SXM", "A100-80-PCIe"}
A100 = A100_80 | {"A100-40-PCIe"}
WANTED: dict[str, set[str]] = {
    "H100": H100,
    "H100-SXM": {"H100-SXM"},
    "A100": A100,
    "A100-80": A100_80,
    "A100-80-PCIe": {"A100-80-PCIe"},
    "L40S": {"L40S"},
}
# What may be behind the name, form factor, memory, dense bf16 TFLOPS, generation.
KINDS: dict[tuple[Any, Any, Any], tuple[set[str], Any, Any, Any, Any]] = {
    ("H100-SXM", "SXM", 80.0): ({"H100-SXM"}, "SXM", 80, 989, "Hopper"),
    ("H100", None, None): (H100, None, 80, None, "Hopper"),
    ("H100", "PCIe", 80.0): ({"H100-PCIe"}, "PCIe", 80, 756, "Hopper"),
    ("A100", None, None): (A100, None, None, 312, "Ampere"),
    ("A100", "SXM", None): ({"A100-80-SXM"}, "SXM", 80, 312, "Ampere"),
    ("A100-80-PCIe", None, None): ({"A100-80-PCIe"}, "PCIe", 80, 312, "Ampere"),
    ("L40S", None, 48.0): ({"L40S"}, "PCIe", 48, 362, "Ada"),
    ("Mystery 9", None, 33.0): ({"Mystery 9"}, None, 33, None, None),
    (None, "SXM", 96.0): (set(), "SXM", 96, None, None),
}
LATER = {
    "Ampere": {"Ampere", "Ada", "Hopper", "Blackwell"},
    "hopper": {"Hopper", "Blackwell"},
    "Blackwell": {"Blackwell"},
}
GROUPS = {
    "EU": {"DE"}, "EEA": {"DE", "NO"}, "EEA+adequate": {"DE", "NO", "CH"}, "US": {"US"},
    "ru": {"RU"},
}  # fmt: skip

Verdict = tuple[str, bool | None]


class Oracle:
    """One question, answered for one offer after the other."""

    def __init__(
        self,
        need: Requirement,
        policy: Policy | None,
        providers: list[Provider],
        findings: list[Finding],
        now: datetime,
    ) -> None:
        self.need, self.policy = need, policy or Policy(name="none")
        self.providers, self.findings, self.now = providers, findings, now
        self.end = now + timedelta(
            hours=30 * 24 if need.duration_hours is None else float(need.duration_hours)
        )

    def codes(self, offer: Offer) -> set[str]:
        """Return every code that refuses the offer."""
        found = set()
        for code, verdict in self.verdicts(offer):
            if verdict is None:
                found.add(f"{code}_unknown")
            elif not verdict:
                found.add(code)
        return found

    def cost(self, offer: Offer) -> Decimal:
        return self._landed(offer).landed_usd_per_hour

    def order(self, offers: list[Offer]) -> list[str]:
        """Return the ids of the quoted offers, cheapest first."""
        passed = [offer for offer in offers if not self.codes(offer)]
        passed.sort(key=lambda o: (self.cost(o), o.available is None, o.offer_id))
        return [offer.offer_id for offer in passed]

    def verdicts(self, offer: Offer) -> Iterator[Verdict]:
        yield from self._gpu(offer)
        yield from self._shape(offer)
        yield from self._deal(offer)
        yield from self._money(offer)
        yield "baseline", not offer.is_baseline or offer.network in self.need.networks
        if self.need.providers:
            yield "provider_banned", self._goes_by(offer, self.need.providers)
        for rules in (self.need, *self.policy.rules_for(self.need.data_class)):
            yield from self._rules(offer, rules)

    def _landed(self, offer: Offer) -> Any:
        row = {name: getattr(offer, name) for name in Offer.__dataclass_fields__}
        return landed(self.need, row, COSTS)

    def _gpu(self, offer: Offer) -> Iterator[Verdict]:
        gpus = self.need.gpus
        may_be, form, memory, tflops, generation = KINDS[
            offer.gpu_model, offer.form_factor, offer.gpu_memory_gib
        ]
        if gpus.models:
            wanted = set().union(*(WANTED[name] for name in gpus.models))
            yield from self._model(may_be, wanted)
        if gpus.form_factors:
            yield "form_factor", None if form is None else form in gpus.form_factors
        if gpus.memory_gib_min is not None:
            yield "gpu_memory", None if memory is None else memory >= gpus.memory_gib_min
        if gpus.bf16_tflops_min is not None:
            yield "tflops", None if tflops is None else tflops >= gpus.bf16_tflops_min
        if gpus.generation_min is not None:
            later = LATER[gpus.generation_min]
            yield "generation", None if generation is None else generation in later

    @staticmethod
    def _model(may_be: set[str], wanted: set[str]) -> Iterator[Verdict]:
        if may_be and may_be <= wanted:
            yield "gpu_model", True
        elif may_be and not may_be & wanted:
            yield "gpu_model", False
        else:
            models = {m.name: m.interface for m in CATALOGUE.models}
            forms = {models[name] for name in may_be & wanted}
            is_form = bool(may_be) and forms != {models[name] for name in may_be}
            yield ("form_factor" if is_form else "gpu_model"), None

    def _shape(self, offer: Offer) -> Iterator[Verdict]:
        count = self.need.gpus.count
        chosen = offer.gpu_count_max is not None
        yield "gpu_count", offer.gpu_count_max >= count if chosen else offer.gpu_count == count
        for code, least, most, own in (
            ("vcpu", self.need.vcpu_min, offer.vcpu_max, offer.vcpu),
            ("memory", self.need.memory_gib_min, offer.memory_gib_max, offer.memory_gib),
            ("storage", self.need.storage_gib_min, offer.storage_gib_max, offer.storage_gib),
        ):
            has = own if most is None else most
            if least is not None:
                yield code, None if has is None else has >= least

    def _deal(self, offer: Offer) -> Iterator[Verdict]:
        terms = self.need.terms
        taken = {"on_demand", "contract", "spot"} if terms is None else set(terms)
        yield "term", offer.term in taken and (offer.term != "spot" or self.need.interruptible)
        must_know = self.policy.availability_known
        yield "unavailable", True if offer.available is None and not must_know else offer.available
        yield "not_rankable", offer.rankable and offer.price_basis != "gpu_only"
        starts = offer.valid_from is None or offer.valid_from <= self.now.date()
        ends = offer.valid_until is None or offer.valid_until >= self.end.date()
        yield "validity", starts and ends
        if self.policy.price_age_hours_max is not None and offer.source_kind != "contract":
            age = self.now - (offer.price_as_of or offer.observed_at)
            yield "age", age.total_seconds() <= self.policy.price_age_hours_max * 3600

    def _money(self, offer: Offer) -> Iterator[Verdict]:
        costs = self._landed(offer)
        if self.need.usd_per_hour_max is not None:
            yield "price", costs.quoted_usd_per_hour <= self.need.usd_per_hour_max
        if self.need.usd_total_max is not None:
            yield "total", costs.total_usd <= self.need.usd_total_max
        if self.policy.usd_per_gpu_hour_max is not None:
            yield "gpu_price", offer.usd_per_gpu_hour <= self.policy.usd_per_gpu_hour_max

    def _rules(self, offer: Offer, rules: Requirement | Rules) -> Iterator[Verdict]:
        if rules.countries:
            allowed = set().union(*(GROUPS[name] for name in rules.countries))
            code = offer.country_code
            yield "country", None if code is None else code.upper() in allowed
        if rules.networks:
            yield "network_banned", offer.network in rules.networks
        yield "network_banned", offer.network not in rules.networks_banned
        if rules.providers_banned:
            named = self._goes_by(offer, rules.providers_banned)
            yield "provider_banned", None if named is None else not named
        if isinstance(rules, Rules):
            if rules.terms is not None:
                yield "term", offer.term in rules.terms
            for control in rules.controls:
                is_allowed = rules.unknown_controls == "allow"
                yield "compliance", self._judged(offer, control, is_allowed)
        yield from self._signals(offer, rules)

    def _signals(self, offer: Offer, rules: Requirement | Rules) -> Iterator[Verdict]:
        provider = self._provider(offer)
        if rules.datacenter_only:
            kind = provider and provider.location_type
            yield "datacenter", None if kind is None else kind == "datacenter"
        if rules.uptime_min is not None:
            uptime = provider and getattr(provider, f"uptime_{rules.uptime_days}d")
            yield "uptime", None if uptime is None else uptime >= rules.uptime_min
        if isinstance(rules, Rules) and rules.online_only:
            yield "online", provider and provider.is_online
        if isinstance(rules, Rules) and rules.audited_only:
            yield "audit", provider and provider.is_audited
        for attribute in rules.attributes:
            yield "attribute", self._states(provider, attribute)

    @staticmethod
    def _states(provider: Provider | None, asked: Attribute) -> bool | None:
        stated = [a for a in provider.attributes if a.key == asked.key] if provider else []
        if not stated:
            return None
        same = [a for a in stated if a.value == asked.value]
        if asked.signed_by is None:
            return bool(same)
        return any(a.signed_by and asked.signed_by in ("*", *a.signed_by) for a in same)

    def _judged(self, offer: Offer, control: str, is_allowed: bool) -> bool | None:  # noqa: FBT001
        for provider_id in (offer.provider_id, None):
            of = [
                f
                for f in self.findings
                if (f.network, f.provider_id, f.control) == (offer.network, provider_id, control)
                and f.word != "unknown"
            ]
            if any(f.word == "not_satisfied" for f in of):
                return False
            if of:
                return any(f.expires_at is None or f.expires_at >= self.end for f in of)
        return True if is_allowed else None

    def _provider(self, offer: Offer) -> Provider | None:
        key = (offer.network, offer.provider_id)
        return next((p for p in self.providers if (p.network, p.provider_id) == key), None)

    def _goes_by(self, offer: Offer, asked: frozenset[str]) -> bool | None:
        names = {offer.provider_id, offer.provider_name}
        if offer.provider_id is not None:
            provider = self._provider(offer)
            names |= {provider.name, provider.organization} if provider else set()
            names |= self.elsewhere.get((offer.network, offer.provider_id), set())
        names -= {None}
        return bool(names & asked) if names else None

    elsewhere: dict[tuple[str, str], set[str | None]] = {}  # noqa: RUF012 - set per question
