"""What anybody may ask: the market, and the read-backs that the audit uses."""

import json
from datetime import date
from typing import Any

from connectors.sandbox import views
from connectors.sandbox.acts import known
from connectors.sandbox.book import Row
from connectors.sandbox.errors import Refused
from connectors.sandbox.held import Held, all_held
from connectors.sandbox.life import sweep
from connectors.sandbox.listings import (
    attribute_schema,
    host_uri,
    leases_by_provider,
    provider,
    screened,
)
from connectors.sandbox.market import seller, sellers
from connectors.sandbox.network import Network
from connectors.sandbox.prices import gpu_prices
from connectors.sandbox.sdl import AUDITOR
from connectors.sandbox.usage import durations, history, monthly, stats
from connectors.sandbox.wire import Answer, Call, Json, Route, ScreeningBody, data, fault, read

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)


def reachable(_: Network, __: Call) -> Answer:
    return Answer({"isBlockchainReachable": True})


def balances(net: Network, call: Call) -> Answer:
    height = sweep(net)
    address = call.query.get("address") or (
        net.account.owner if call.headers.get("x-api-key") == net.account.key else ""
    )
    if not address:
        raise Refused(401, "Unauthorized")
    if address != net.account.owner:
        return data({"balance": 0, "deployments": 0, "total": 0})
    rows = net.book.all("SELECT * FROM deployments WHERE state = 'active'")
    locked = sum(one.at(height)[0].funds for one in all_held(net.book, rows, with_groups=False))
    balance = net.balance()
    return data({"balance": balance, "deployments": locked, "total": balance + locked})


def providers(net: Network, call: Call) -> Answer:
    sweep(net)
    wanted = {one for one in call.query.get("addresses", "").split(",") if one}
    leases = leases_by_provider(net)
    return Answer(
        [
            provider(net, one, leases.get(one.form.address, 0))
            for one in sellers(net)
            if not wanted or one.form.address in wanted
        ]
    )


def one_provider(net: Network, call: Call) -> Answer:
    sweep(net)
    one = seller(net, call.named["address"])
    if one is None:
        return Answer("Provider not found.", 404, media_type="text/plain")
    found = provider(net, one, leases_by_provider(net).get(one.form.address, 0))
    figures = {name: found[name] or 0 for name in ("uptime1d", "uptime7d", "uptime30d")}
    return Answer(found | figures | {"uptime": []})


def auditors(_: Network, __: Call) -> Answer:
    one = {"id": "akash-network", "name": "Akash Network", "address": AUDITOR}
    return Answer([one | {"website": "https://akash.network"}])


def attributes(net: Network, _: Call) -> Answer:
    keys = {a["key"] for one in sellers(net) for a in one.attributes if "/" not in a["key"]}
    return Answer(attribute_schema(sorted(keys | {"host", "country", "location-region"})))


def screening(net: Network, call: Call) -> Answer:
    sweep(net)
    asked = read(call, ScreeningBody).model_dump()
    if net.faults.drawn(("no_bids",), call.path):
        return Answer({"providers": []})
    return Answer({"providers": screened(net, sellers(net), asked)})


def prices(net: Network, call: Call) -> Answer:
    sweep(net)
    return Answer(gpu_prices(net, sellers(net), debug=call.query.get("debug") == "true"))


def usage_history(net: Network, call: Call) -> Answer:
    return Answer(_history(net, call))


def usage_stats(net: Network, call: Call) -> Answer:
    days = _history(net, call)
    row = net.book.one("SELECT count(*) AS n FROM deployments")
    return Answer(stats(days, row["n"] if row else 0))


def _history(net: Network, call: Call) -> list[Json]:
    if not (address := call.query.get("address")):
        raise fault("address", "Required")
    height = sweep(net)
    started = date.fromisoformat(net.date(net.rate.height(net.rate.genesis))[:10])
    first = max(call.day("startDate", started), started)
    last = call.day("endDate", LAST_DAY)
    return history(net, first, last, height) if address == net.account.owner else []


def lease_durations(net: Network, call: Call) -> Answer:
    height = sweep(net)
    first, last = call.day("startDate", FIRST_DAY), call.day("endDate", LAST_DAY)
    if call.named["owner"] != net.account.owner:
        first = last = FIRST_DAY
    dseq = call.dseq() if "dseq" in call.query else None
    return Answer(durations(net, dseq, first, last, height))


def deployment(net: Network, call: Call) -> Answer:
    height = sweep(net)
    if call.named["owner"] != net.account.owner:
        raise Refused(404, "Deployment not found")
    one = known(net, call.dseq())
    events = net.book.all("SELECT * FROM events WHERE dseq = ? ORDER BY n", one.dseq)
    rate = sum(one.prices.values())
    return Answer(
        {
            "owner": net.account.owner,
            "dseq": one.dseq,
            "balance": one.at(height)[0].funds,
            "denom": "uact",
            "status": one.row["state"],
            "totalMonthlyCostUDenom": round(monthly(rate)),
            "leases": [_lease(net, row) for row in one.leases],
            "events": [
                {"txHash": row["tx"], "date": net.date(row["height"]), "type": row["kind"]}
                for row in events
            ],
            "other": views.chain_deployment(net, one, height),
        }
    )


def _lease(net: Network, row: Row) -> Json:
    found = seller(net, row["provider"])
    stated = [{"key": a["key"], "value": a["value"]} for a in found.attributes] if found else []
    needs = json.loads(row["needs"])
    return {
        "gseq": row["gseq"],
        "oseq": 1,
        "provider": {
            "address": row["provider"],
            "hostUri": host_uri(net, row["provider"]),
            "isDeleted": found is None,
            "attributes": stated,
        },
        "status": row["state"],
        "monthlyCostUDenom": round(monthly(int(row["price"]))),
    } | _taken(needs)


def _taken(needs: Json) -> Json:
    return {
        "cpuUnits": needs.get("cpu", 0),
        "gpuUnits": sum(n for name, n in needs.items() if name.startswith("gpu/")),
        "memoryQuantity": needs.get("memory", 0),
        "storageQuantity": needs.get("storage", 0),
    }


def by_address(net: Network, call: Call) -> Answer:
    sweep(net)
    skip, limit = call.number("skip", 0), call.number("limit", 100, least=1, most=100)
    state = call.query.get("status", "")
    if state not in {"active", "closed"}:
        raise fault("status", "Expected active or closed")
    if call.named["address"] != net.account.owner:
        return Answer({"count": 0, "results": []})
    count = net.book.one("SELECT count(*) AS n FROM deployments WHERE state = ?", state)
    sign = -1 if call.query.get("reverseSorting") == "true" else 1
    rows = net.book.all(
        "SELECT * FROM deployments WHERE state = ? ORDER BY n * ? LIMIT ? OFFSET ?",
        state, sign, limit, skip,
    )  # fmt: skip
    found = [_brief(net, one) for one in all_held(net.book, rows, with_groups=False)]
    return Answer({"count": count["n"] if count else 0, "results": found})


def _brief(net: Network, one: Held) -> Json:
    needs: dict[str, Any] = {}
    for row in one.leases:
        for name, amount in json.loads(row["needs"]).items():
            needs[name] = needs.get(name, 0) + amount
    return {
        "owner": net.account.owner,
        "dseq": one.dseq,
        "status": one.row["state"],
        "createdHeight": one.row["created"],
        "leases": [
            {
                "id": f"{net.account.owner}/{one.dseq}/{row['gseq']}/1/{row['provider']}",
                "owner": net.account.owner,
                "provider": {
                    "address": row["provider"],
                    "hostUri": host_uri(net, row["provider"]),
                },
                "dseq": one.dseq,
                "gseq": row["gseq"],
                "oseq": 1,
                "state": row["state"],
                "price": views.lease(net, row)["price"],
            }
            for row in one.leases
        ],
    } | _taken(needs)


ROUTES = (
    Route("GET", "/v1/blockchain-status", reachable),
    Route("GET", "/v1/balances", balances),
    Route("GET", "/v1/providers", providers),
    Route("GET", "/v1/providers/{address}", one_provider),
    Route("GET", "/v1/auditors", auditors),
    Route("GET", "/v1/provider-attributes-schema", attributes),
    Route("POST", "/v1/bid-screening", screening, body_bytes_max=64 * 1024),
    Route("GET", "/v1/gpu-prices", prices),
    Route("GET", "/v1/usage/history", usage_history),
    Route("GET", "/v1/usage/history/stats", usage_stats),
    Route("GET", "/v1/leases-duration/{owner}", lease_durations),
    Route("GET", "/v1/deployment/{owner}/{dseq}", deployment),
    Route("GET", "/v1/addresses/{address}/deployments/{skip}/{limit}", by_address),
)
