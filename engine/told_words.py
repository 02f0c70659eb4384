"""What each field of a requirement or a policy asks, for the schemas and for the documentation."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """A field in words a buyer understands, an example as it stands in a file, refusal codes.

    A code also stands for its ``_unknown``: an offer that does not say is refused with that.
    """

    words: str
    example: str
    codes: tuple[str, ...] = ()


Fields = Mapping[str, Mapping[str, Field]]
"""By model and field."""

_UPTIME_DAYS = Field("Over how many of the last days uptime counts: 1, 7 or 30.", "7", ("uptime",))
_ATTRIBUTES = Field(
    "What the provider must state about itself, all of it.",
    "[{key: tier, value: community}]",
    ("attribute",),
)

ATTRIBUTE: Mapping[str, Field] = {
    "key": Field("The attribute's name, as the network writes it.", "location-type"),
    "value": Field("The value that must be stated.", "datacenter"),
    "signed_by": Field(
        'Who must have signed it: an auditor\'s name, or "*" for any auditor. Without it the '
        "provider's own word is enough.",
        '"*"',
    ),
}

REQUIREMENT: Fields = {
    "Requirement": {
        "gpus": Field("Which GPUs, and how many in one machine.", "{models: [H100], count: 8}"),
        "name": Field("What people call this job.", "finetune-llm"),
        "nodes": Field(
            "How many such machines at once, all or none. More than one is planned by necto plan.",
            "4",
        ),
        "one_place": Field("Whether all nodes stand at the same provider and region.", "true"),
        "vcpu_min": Field("vCPUs of one machine, at least.", "64", ("vcpu",)),
        "memory_gib_min": Field("RAM of one machine in GiB, at least.", "512", ("memory",)),
        "storage_gib_min": Field("Disk of one machine in GiB, at least.", "1000", ("storage",)),
        "egress_gb": Field(
            "GB (10^9 bytes) that leave the seller while the job runs; in 30 days when it is "
            "open-ended. Priced, never refused.",
            "500",
        ),
        "ingress_gb": Field("GB that reach the seller in that time.", "2000"),
        "duration_hours": Field("How long the job runs. Without it the job is open-ended.", "72"),
        "start_by": Field("The latest start, with its time zone.", "2026-12-01T08:00:00Z"),
        "interruptible": Field(
            "Whether the job survives being stopped: only then is spot offered.", "true", ("term",)
        ),
        "checkpoint_minutes": Field(
            "How much work an interruption loses at most. Only with interruptible: true.", "30"
        ),
        "usd_per_hour_max": Field(
            "Price ceiling of one machine for one hour, in USD.", "20.00", ("price",)
        ),
        "usd_total_max": Field(
            "Ceiling of the whole job's landed cost in USD. Needs duration_hours.",
            "1500",
            ("total",),
        ),
        "countries": Field(
            "Where the machine may stand: country codes (ISO 3166: DE, NO), or EU, EEA, "
            "EEA+adequate.",
            "[EEA, CH]",
            ("country",),
        ),
        "networks": Field("Only these networks.", "[akash, lium]", ("network_banned",)),
        "networks_banned": Field("None of these networks.", "[nosana]", ("network_banned",)),
        "providers": Field(
            "Only these providers, by their id.", "[akash1abc]", ("provider_banned",)
        ),
        "providers_banned": Field("None of these providers.", "[akash1xyz]", ("provider_banned",)),
        "terms": Field(
            "How the machine may be sold: on_demand, spot, reserved_1y, reserved_3y, contract. "
            "Without it: on demand and contracts, and spot where interruptible.",
            "[on_demand, contract]",
            ("term",),
        ),
        "datacenter_only": Field(
            "Only machines whose provider states that they stand in a data centre.",
            "true",
            ("datacenter",),
        ),
        "uptime_min": Field(
            "Share of time that the provider was up, 0 to 1, at least.", "0.99", ("uptime",)
        ),
        "uptime_days": _UPTIME_DAYS,
        "attributes": _ATTRIBUTES,
        "policy": Field(
            "The policy that holds, by name; name@version for one version of it.", "eu-datacentre@2"
        ),
        "data_class": Field(
            "What the job works on: public, internal, confidential, personal, special (GDPR "
            "article 9). The policy may have rules of its own for each.",
            "personal",
        ),
        "image": Field("The container image to run.", "ghcr.io/example/train:1.4"),
        "command": Field("The command and its arguments.", '["python", "train.py"]'),
        "env": Field(
            "Its environment: plain values, and secrets by the name of a reference.",
            "[{name: BATCH, value: '8'}, {name: HF_TOKEN, secret: HF_TOKEN}]",
        ),
        "ports": Field("Ports that the job serves on.", "[{port: 8080}]"),
        "owner": Field("Who answers for the job.", "ml-platform"),
        "cost_centre": Field("Who pays. The policy may require it.", "CC-4711"),
        "po_number": Field("The purchase order. The policy may require it.", '"4500012345"'),
        "standbys": Field(
            "How many offers stand by for the first one, and what they do not share with it.",
            "{count: 2, other_network: true}",
        ),
    },
    "Gpus": {
        "count": Field("GPUs in one machine.", "8", ("gpu_count",)),
        "models": Field(
            "GPU models or families, any of them. H100 is every H100, H100-SXM that form factor "
            "only, A100-80 every A100 with 80 GiB.",
            "[H100-SXM, H200]",
            ("gpu_model", "form_factor"),
        ),
        "memory_gib_min": Field("Memory of one GPU in GiB, at least.", "80", ("gpu_memory",)),
        "form_factors": Field("Any of these form factors.", "[SXM]", ("form_factor",)),
        "bf16_tflops_min": Field(
            "Dense bf16 TFLOPS of one GPU, by its data sheet, at least.", "300", ("tflops",)
        ),
        "generation_min": Field(
            "This generation or a later one of the same vendor: Ampere, Ada, Hopper, Blackwell; "
            "CDNA3.",
            "Hopper",
            ("generation",),
        ),
    },
    "Attribute": ATTRIBUTE,
    "EnvVar": {
        "name": Field("The variable's name, as the job reads it.", "HF_TOKEN"),
        "value": Field("Its value, in clear: a number in quotes.", '"8"'),
        "secret": Field(
            "Instead of a value: the name of the secret whose text it gets when the job is handed "
            "to the network.",
            "HF_TOKEN",
        ),
    },
    "Port": {
        "port": Field("The port's number.", "8080"),
        "protocol": Field("http, tcp or udp.", "http"),
        "is_public": Field("Whether it is reached from the internet.", "true"),
    },
    "Standbys": {
        "count": Field("How many offers stand by.", "2"),
        "other_network": Field("They are on other networks.", "true"),
        "other_hosting": Field("They are with other hosting companies.", "true"),
        "other_datacenter": Field("They are in other data centres.", "true"),
    },
}

_RULES: Mapping[str, Field] = {
    "countries": Field(
        "Where machines may stand: country codes (ISO 3166: DE, NO), or EU, EEA, EEA+adequate.",
        "[EEA]",
        ("country",),
    ),
    "networks": Field("Only these networks.", "[akash, aws]", ("network_banned",)),
    "networks_banned": Field("None of these networks.", "[nosana]", ("network_banned",)),
    "providers_banned": Field("None of these providers.", "[akash1xyz]", ("provider_banned",)),
    "terms": Field("How machines may be sold.", "[on_demand, contract]", ("term",)),
    "datacenter_only": Field(
        "Only providers that state that they stand in a data centre.", "true", ("datacenter",)
    ),
    "online_only": Field("Only providers that answered when last asked.", "true", ("online",)),
    "audited_only": Field("Only providers that an auditor has signed.", "true", ("audit",)),
    "uptime_min": Field(
        "Share of time that the provider was up, 0 to 1, at least.", "0.98", ("uptime",)
    ),
    "uptime_days": _UPTIME_DAYS,
    "attributes": _ATTRIBUTES,
    "controls": Field(
        "Compliance controls that must be satisfied, still at the end of the lease.",
        "[dpa-signed]",
        ("compliance",),
    ),
    "unknown_controls": Field(
        "What happens where nobody has judged a control: refuse, or allow. One that failed is "
        "always refused.",
        "refuse",
        ("compliance",),
    ),
}

POLICY: Fields = {
    "Policy": {
        "name": Field("The policy's short name: small letters, digits, hyphens.", "eu-datacentre"),
        "title": Field("What it is for, in one line.", "Machines in European data centres"),
        "rules": Field("What holds for every job.", "{countries: [EEA]}"),
        "data_classes": Field(
            "What holds on top for jobs on such data: public, internal, confidential, personal, "
            "special.",
            "{personal: {audited_only: true}}",
        ),
        "usd_per_gpu_hour_max": Field(
            "Price ceiling of one GPU for one hour, in USD.", "4.00", ("gpu_price",)
        ),
        "price_age_hours_max": Field(
            "How old a price may be. Without it age refuses nothing, and is shown.",
            "24",
            ("age",),
        ),
        "availability_known": Field(
            "Whether offers that do not say whether they are free are refused.",
            "true",
            ("unavailable",),
        ),
        "cost_centre_required": Field("Every job names its cost centre.", "true"),
        "po_number_required": Field("Every job names its purchase order.", "true"),
        "objective": Field(
            "What is cheapest: cost (landed cost), cost_and_risk (with what uncertainty costs), "
            "score (weighted).",
            "cost_and_risk",
        ),
        "risk": Field("What uncertainty costs, with cost_and_risk.", "{unknown_uptime: 0.1}"),
        "weights": Field("How much each term counts, with score.", "{cost: 0.5, uptime: 0.5}"),
        "failure_half_life_hours": Field(
            "After how many hours a provider's failure counts half.", "48"
        ),
    },
    "Rules": _RULES,
    "Attribute": ATTRIBUTE,
    "Risk": {
        "unknown_uptime": Field("Fraction of the cost where uptime is not known.", "0.05"),
        "per_downtime": Field("Times the downtime: at uptime 0.98, 2.0 costs 4 %.", "2.0"),
        "unknown_availability": Field("Fraction where it is not known to be free.", "0.02"),
        "volatility": Field("Times the price's own volatility.", "0.5"),
        "recent_failure": Field("Fraction for a failure just now; it fades.", "0.5"),
    },
    "Weights": {
        "cost": Field("Landed cost.", "0.7"),
        "uptime": Field("Uptime.", "0.1"),
        "availability": Field("How often such machines were free.", "0.1"),
        "stability": Field("How steady the price is.", "0.05"),
        "reliability": Field("How long ago it failed.", "0.05"),
    },
}


def field_table(fields: Fields, model: str) -> str:
    """Return a model's fields as a Markdown table."""
    rows = [
        f"| `{name}` | {one.words} | `{one.example}` | {_codes(one.codes)} |"
        for name, one in fields[model].items()
    ]
    return "\n".join(("| Field | Asks | Example | Refused as |", "|---|---|---|---|", *rows))


def _codes(codes: tuple[str, ...]) -> str:
    return ", ".join(f"`{code}`" for code in codes) or "–"
