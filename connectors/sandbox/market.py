"""The market that was handed in: who has room, who fits an order, what they would ask for it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from connectors.sandbox.forms import Market, MarketGpu, MarketProvider
from connectors.sandbox.network import Network
from connectors.sandbox.sdl import AUDITOR
from connectors.sandbox.units import UACT_PER_USD, atto, per_block

Json = dict[str, Any]
Needs = Mapping[str, int]
"""What an order takes of a provider: ``cpu`` (millicores), ``memory``, ``storage`` (bytes) and
``gpu/<model>/<ram>/<interface>``."""
_MONTH_HOURS = Decimal("730.488")
_CPU_USD_MONTH, _GB_USD_MONTH, _DISK_USD_MONTH = Decimal("4.5"), Decimal("1.25"), Decimal("0.08")
"""A machine without GPU at the list prices of ``POST /v1/pricing`` (console d84c9e93)."""


@dataclass(frozen=True)
class Seller:
    """One provider of the market with what this sandbox's leases have taken."""

    form: MarketProvider
    taken: Needs
    created: int

    @cached_property
    def attributes(self) -> list[Json]:
        """Return its attributes, with country and region where only the form names them."""
        stated = [
            {"key": a.key, "value": a.value, "auditedBy": list(a.audited_by)}
            for a in self.form.attributes
        ]
        keys = {a["key"] for a in stated}
        signed = [AUDITOR] if self.form.is_audited else []
        more = {"country": self.form.country, "location-region": self.form.region}
        more |= {"host": "akash"}
        stated += [
            {"key": key, "value": value, "auditedBy": signed}
            for key, value in more.items()
            if value and key not in keys
        ]
        return stated

    def free(self, what: str) -> int:
        stock = {
            "cpu": self.form.cpu_millicores_free,
            "memory": self.form.memory_bytes_free,
            "storage": self.form.storage_bytes_free,
        } | {gpu_name(gpu): gpu.free for gpu in self.form.gpus}
        return stock.get(what, 0) - self.taken.get(what, 0)

    def has_room(self, needs: Needs) -> bool:
        return all(self.free(what) >= amount for what, amount in needs.items())

    def meets(self, requirements: Json) -> bool:
        """Whether it has every attribute asked for, and the signatures under them."""
        wanted = {(a["key"], a["value"]) for a in requirements["attributes"]}
        if not wanted <= {(a["key"], a["value"]) for a in self.attributes}:
            return False
        any_of, all_of = (requirements["signed_by"][name] for name in ("any_of", "all_of"))
        return all(self._signed(a, wanted) for a in all_of) and (
            not any_of or any(self._signed(a, wanted) for a in any_of)
        )

    def _signed(self, auditor: str, wanted: set[tuple[str, str]]) -> bool:
        signed = {(a["key"], a["value"]) for a in self.attributes if auditor in a["auditedBy"]}
        return bool(signed) and wanted <= signed


def gpu_name(gpu: MarketGpu) -> str:
    return f"gpu/{gpu.model}/{gpu.ram}/{gpu.interface}"


def family(interface: str) -> str:
    """Return ``sxm`` for SXM5, ``pcie`` for PCIe: orders name the family only."""
    return re.sub(r"[0-9]+$", "", interface.strip().lower())


@dataclass(frozen=True, slots=True)
class Ask:
    """What one provider would ask for a group: its price per block and what it takes."""

    provider: str
    price: int
    needs: Needs
    resources: list[Json]
    window: int


def sellers(net: Network) -> list[Seller]:
    """Return the market in the order in which it was handed in."""
    taken: dict[str, dict[str, int]] = {}
    for row in net.book.all("SELECT * FROM taken WHERE amount > 0"):
        taken.setdefault(row["provider"], {})[row["what"]] = row["amount"]
    return [
        Seller(_form(row["form"]), taken.get(row["address"], {}), row["created"])
        for row in net.book.all("SELECT * FROM providers ORDER BY place")
    ]


def seller(net: Network, address: str) -> Seller | None:
    row = net.book.one("SELECT * FROM providers WHERE address = ?", address)
    if row is None:
        return None
    taken = net.book.all("SELECT what, amount FROM taken WHERE provider = ?", address)
    return Seller(_form(row["form"]), {t["what"]: t["amount"] for t in taken}, row["created"])


def take(net: Network, provider: str, needs: Needs, sign: int) -> None:
    """Take room for a lease (1), or give it back (-1)."""
    for what, amount in needs.items():
        net.book.write(
            "INSERT INTO taken VALUES (?, ?, ?) "
            "ON CONFLICT (provider, what) DO UPDATE SET amount = amount + excluded.amount",
            provider, what, sign * amount,
        )  # fmt: skip


def replace_market(net: Network, market: Market) -> int:
    """Trade these providers from now on; leases of those that left go on."""
    known = {p["address"]: p["created"] for p in net.book.all("SELECT * FROM providers")}
    height = net.height()
    rows = {
        p.address: (p.address, place, p.model_dump_json(), known.get(p.address, height))
        for place, p in enumerate(market.providers)
    }
    net.book.write("DELETE FROM providers")
    net.book.write_many("INSERT INTO providers VALUES (?, ?, ?, ?)", list(rows.values()))
    return len(rows)


def ask_of(one: Seller, spec: Json, window: int) -> Ask | None:
    """Return what a provider asks for a group; None when it would not bid, whatever the cap."""
    if not (one.form.is_online and one.form.is_audited and one.meets(spec["requirements"])):
        return None
    if window and one.form.reclamation_window_seconds < window:
        return None
    needs: Counter[str] = Counter()
    usd, resources = Decimal(0), []
    for unit in spec["resources"]:
        found = _unit(one, unit, needs)
        if found is None:
            return None
        usd += found[0]
        resources.append(found[1])
    if not usd or not one.has_room(needs):
        return None
    promised = one.form.reclamation_window_seconds
    return Ask(one.form.address, per_block(usd), dict(needs), resources, promised)


def cap_of(spec: Json) -> int:
    """Return the most that the order pays per block for the whole group, in 10**-18 uact."""
    return sum(
        atto(Decimal(unit["price"]["amount"])) * int(unit["count"]) for unit in spec["resources"]
    )


def _unit(one: Seller, unit: Json, needs: Counter[str]) -> tuple[Decimal, Json] | None:
    """Add what a unit takes to ``needs``; return its price per hour and the offer's resources."""
    resource, count = unit["resource"], int(unit["count"])
    cpu = int(resource["cpu"]["units"]["val"])
    memory = int(resource["memory"]["quantity"]["val"])
    disk = sum(int(volume["quantity"]["val"]) for volume in resource["storage"])
    needs.update({"cpu": cpu * count, "memory": memory * count, "storage": disk * count})
    gpus = int(resource["gpu"]["units"]["val"])
    offered = {"resources": resource, "count": count}
    if not gpus:
        return _list_price(cpu, memory, disk) * count, offered
    keys = [a["key"] for a in resource["gpu"]["attributes"]]
    gpu = _cheapest(one, keys, gpus * count)
    if gpu is None or gpu.usd_per_gpu_hour is None:
        return None
    needs[gpu_name(gpu)] += gpus * count
    attributes = [{"key": _key(gpu), "value": "true"}]
    named = resource | {"gpu": {"units": {"val": str(gpus)}, "attributes": attributes}}
    return gpu.usd_per_gpu_hour * gpus * count, offered | {"resources": named}


def _cheapest(one: Seller, keys: Sequence[str], count: int) -> MarketGpu | None:
    fitting = [
        gpu
        for gpu in one.form.gpus
        if gpu.usd_per_gpu_hour is not None
        and one.free(gpu_name(gpu)) >= count
        and any(_is_named(gpu, key) for key in keys)
    ]
    return min(fitting, key=lambda gpu: gpu.usd_per_gpu_hour or 0, default=None)


def _is_named(gpu: MarketGpu, key: str) -> bool:
    parts = key.split("/")
    named = dict(zip(parts[::2], parts[1::2], strict=False))
    return (
        named.get("vendor") == gpu.vendor
        and named.get("model") in {"*", gpu.model}
        and named.get("ram", gpu.ram).lower() == gpu.ram.lower()
        and family(named.get("interface", gpu.interface)) == family(gpu.interface)
    )


def _key(gpu: MarketGpu) -> str:
    key = f"vendor/{gpu.vendor}/model/{gpu.model}"
    key += f"/ram/{gpu.ram}" if gpu.ram else ""
    return key + (f"/interface/{family(gpu.interface)}" if gpu.interface else "")


def _list_price(cpu: int, memory: int, disk: int) -> Decimal:
    month = Decimal(cpu) / 1000 * _CPU_USD_MONTH
    month += Decimal(memory) / 10**9 * _GB_USD_MONTH + Decimal(disk) / 10**9 * _DISK_USD_MONTH
    return max(month / _MONTH_HOURS, Decimal(1) / UACT_PER_USD)


@lru_cache(maxsize=20_000)
def _form(text: str) -> MarketProvider:
    return MarketProvider.model_validate_json(text)
