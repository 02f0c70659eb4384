"""SDLs and jobs for the tests: one that is sound, and what is made of it."""

from datetime import UTC, datetime
from decimal import Decimal

from engine.buying import Wanted
from engine.requirement import Attribute, EnvVar, Gpus, Port, Requirement

SOUND = """\
version: "2.1"
reclamation: {min_window: 24h}
services:
  web:
    image: nginx:1.27
    env: [MODE=fast, "TOKEN=${secret:WEB_TOKEN}"]
    expose:
    - port: 8000
      as: 80
      to: [{global: true}]
      http_options: {next_cases: [off], read_timeout: 60000}
    - {port: 9000, proto: udp, to: [{global: true, ip: front}]}
    dependencies: [{service: db}]
  db:
    image: postgres:16
    expose: [{port: 5432, to: [{service: web}]}]
    params: {storage: {data: {mount: /var/lib/data}}}
profiles:
  compute:
    web:
      resources:
        cpu: {units: 1.5, attributes: {arch: amd64}}
        memory: {size: 2Gi}
        storage: {size: 10Gi}
        gpu: {units: 2, attributes: {vendor: {nvidia: [{model: h100, ram: 80Gi, interface: sxm}]}}}
    db:
      resources:
        cpu: {units: 500m}
        memory: {size: 1Gi}
        storage:
        - {size: 1Gi}
        - {name: data, size: 20Gi, attributes: {class: beta3, persistent: true}}
  placement:
    any:
      attributes: {location-type: datacenter, feat-persistent-storage: true}
      signedBy: {anyOf: [akash1auditor]}
      pricing:
        web: {denom: uact, amount: 5000}
        db: {denom: uact, amount: "100.5"}
deployment:
  web: {any: {profile: web, count: 2}}
  db: {any: {profile: db, count: 1}}
endpoints:
  front: {kind: ip}
"""

JOB = Requirement(
    gpus=Gpus(count=2, models=frozenset({"H100"})),
    image="ghcr.io/example/train:1.4",
    command=("python", "train.py", "--epochs", "3"),
    env=(EnvVar(name="BATCH", value="8"), EnvVar(name="HF_TOKEN", secret="TEAM_HF")),
    ports=(
        Port(port=8080), Port(port=22, protocol="tcp"), Port(port=4433, protocol="udp"),
        Port(port=9100, is_public=False),
    ),
    countries=frozenset({"NL"}),
    datacenter_only=True,
    attributes=(
        Attribute(key="tier", value="community", signed_by="Akash Network"),
        Attribute(key="tee/type", value="cpu-gpu"),
        Attribute(key="reclamation/min-window", value="24h"),
    ),
)  # fmt: skip


def wanted(requirement: Requirement = JOB, **changes: object) -> Wanted:
    values = {
        "order_id": "sbx-01jdexample", "requirement": requirement,
        "gpu_name": "h100 80Gi SXM5", "gpu_count": 2, "vcpu": Decimal("8.5"),
        "memory_gib": Decimal(64), "storage_gib": Decimal("100.5"),
        "usd_per_hour_max": Decimal("7.00"), "first_deposit_usd": Decimal(5), "bidders": (),
        "bids_until": datetime(2026, 11, 24, tzinfo=UTC),
    }  # fmt: skip
    return Wanted(**(values | changes))
