"""A user's own SDL: every fault at once with line and remedy, no secret shown, all bounded."""

import time
from pathlib import Path

import pytest

from connectors.networks.akash.sdl_checks import faults_of
from connectors.networks.akash.sdl_read import checked_sdl, read_sdl
from connectors.networks.akash.sdl_text import sdl_text
from connectors.networks.akash.sdl_units import bytes_of_size, millicores_of, seconds_of
from engine.told_faults import BadFile
from tests.connectors.sdls import SOUND

BAD = """\
version: 2.0
include: [other.yaml]
reclamation: {min_window: 1h30m}
services:
  Web_1: {image: a:1}
  web:
    image: nginx
    env: [PATH_ONLY, "A=${secret:lower}", DB_PASSWORD=hunter22, MODE=ok]
    args: ["--token", "hf_hunter22hunter22"]
    expose:
    - port: 80
      to: [{global: true}, {service: dbx}]
      http_options: {next_cases: [off, error], max_body_size: 999999999}
    - {port: 8080, as: 80, to: [{global: true, ip: nowhere}]}
    - {port: 80, to: [{global: true}]}
    dependencies: [{service: wbe}]
    credentials: {host: r.example, username: u, password: 12345678}
    params: {tee: cpu-gpu, storage: {nope: {mount: data}}}
profiles:
  compute:
    web:
      resources:
        cpu: {units: 500}
        memory: {size: 2GB}
        storage: [{size: 10Gi}, {name: d, size: 1Gi, attributes: {class: ram, persistent: true}}]
        gpu: {units: 30}
    small:
      resources: {cpu: {units: 1}, memory: {size: 1Gi}, storage: {size: 1Mi}}
  placement:
    any:
      signedBy: {anyOf: [1]}
      pricing: {web: {denom: usd, amount: 99999999}}
deployment:
  web: {any: {profile: web, count: 51}, elsewhere: {profile: webb, count: 1}}
  api: {any: {profile: small, count: 1}}
endpoints:
  unused: {kind: ip}
"""
FAULTS = [
    (1, "version", "put what is meant in quotes"),
    (3, "reclamation.min_window", "a whole number and one of s, m, h, as 24h"),
    (5, "services.Web_1", "small letters, digits and hyphens"),
    (13, "services.web.expose[0].http_options.max_body_size", "at most 104857600"),
    (13, "services.web.expose[0].http_options.next_cases", "off is for no case"),
    (18, "services.web.params.storage.nope.mount", "begin with /"),
    (23, "profiles.compute.web.resources.cpu.units", "out of the network's limits"),
    (24, "profiles.compute.web.resources.memory.size", "as 512Mi or 16Gi"),
    (25, "profiles.compute.web.resources.storage[1].attributes.persistent", "never persistent"),
    (26, "profiles.compute.web.resources.gpu.units", "at most 24"),
    (28, "profiles.compute.small.resources.storage[0].size", "5Mi to 32Ti"),
    (31, "profiles.placement.any.signedBy.anyOf[0]", "put what is meant in quotes"),
    (32, "profiles.placement.any.pricing.web.amount", "at most 10000000"),
    (32, "profiles.placement.any.pricing.web.denom", "none of uakt, uact"),
    (34, "deployment.web.any.count", "at most 50"),
]
MEANING = [
    ('version: "2.1"', 'version: "2.1"\ninclude: [x.yaml]', "include", "not read"),
    ("MODE=fast", "MODE", "services.web.env[0]", "NAME=value"),
    ("MODE=fast", "1A=fast", "services.web.env[0]", "NAME=value"),
    ("WEB_TOKEN", "web", "services.web.env[1]", "the name of a secret"),
    ("WEB_TOKEN", "WEB_FILE", "services.web.env[1]", "not ending in _FILE"),
    ("${secret:WEB_TOKEN}", "hunter22", "services.web.env[1]", "write ${secret:NAME}"),
    ("image: nginx:1.27", "image: nginx:1.27\n    command: [a, '${secret:A}']",
     "services.web.command[1]", "secrets stand in env only"),
    ("image: nginx:1.27",
     "image: nginx:1.27\n    credentials: {host: h, username: u, password: hunter22}",
     "services.web.credentials.password", "in clear"),
    ("[{service: db}]", "[{service: dbb}]", "services.web.dependencies[0].service", "mean db?"),
    ("to: [{service: web}]", "to: [{service: webb}]", "services.db.expose[0].to[0].service",
     "mean web?"),
    ("port: 9000, proto: udp, to: [{global: true, ip: front}]",
     "port: 9000, proto: udp, to: [{global: true, ip: front}, {global: true, ip: front}]",
     "services.web.expose[1]", "twice"),
    ("ip: front", "ip: back", "services.web.expose[1].to[0].ip", "no endpoint is called 'back'"),
    ("ip: front", "service: db", "endpoints.front", "used by no port"),
    ("{mount: /var/lib/data}", "{readOnly: true}", "services.db", "has no mount"),
    ("data: {mount", "date: {mount", "services.db.params.storage.date", "mean data?"),
    ("{storage: {data", "{tee: cpu, storage: {data", "services.db.params.tee", "the same tee"),
    ("{profile: db, count", "{profile: dbs, count", "deployment.db.any.profile", "mean db?"),
    ("  db: {any:", "  dbb: {any:", "deployment.dbb", "mean db?"),
    ("db: {any:", "db: {nay:", "deployment.db.nay", "mean any?"),
    ('        db: {denom: uact, amount: "100.5"}\n', "", "deployment.db.any.profile",
     "has no price for db"),
    ("storage: {size: 10Gi}", "storage: []", "profiles.compute.web.resources.storage", "no disk"),
]  # fmt: skip


def faults(text: str, name: str = "s.yaml"):
    with pytest.raises(BadFile) as refused:
        read_sdl(text, name)
    return refused.value.faults


def test_every_fault_of_an_sdl_s_form_is_told_at_once_with_line_path_and_remedy():
    found = {(fault.line, fault.path): fault.message for fault in faults(BAD)}

    for line, path, words in FAULTS:
        assert words in found[line, path], path


def test_what_the_parts_mean_is_told_together_with_what_is_wrong_with_their_form():
    found = {fault.path: fault.message for fault in faults(BAD)}

    assert "mean web?" in found["services.web.dependencies[0].service"]
    assert "is no service" not in str(found)
    assert "mean web?" in found["deployment.web.elsewhere.profile"]
    assert "no service is called 'api'" in found["deployment.api"]
    assert "other files are not read" in found["include"]
    assert len(found) < 40


def test_no_secret_in_clear_is_shown():
    text = str(BadFile("s", faults(BAD)))

    assert "DB_PASSWORD is or holds a secret" in text
    assert "a password in clear" in text
    assert "hunter22" not in text
    assert "12345678" not in text


@pytest.mark.parametrize(("old", "new", "path", "words"), MEANING)
def test_what_does_not_fit_together_is_told_at_its_place(old, new, path, words):
    assert old in SOUND
    found = {fault.path: fault.message for fault in faults(SOUND.replace(old, new, 1))}

    assert words in found[path]


def test_a_gpu_that_a_trusted_environment_needs_and_a_registry_it_cannot_have_are_told():
    text = SOUND.replace(
        "    params: {storage",
        "    credentials: {host: h, username: u, password: '${secret:R}'}\n"
        "    params: {tee: cpu-gpu, storage",
    )
    found = "\n".join(map(str, faults(text)))

    assert "services.db.params.tee: db has no gpu" in found
    assert "services.db.credentials: a trusted environment takes public images only" in found


def test_what_nobody_reaches_from_the_internet_is_refused():
    text = SOUND.replace("global: true, ip: front", "service: db").replace("global: true", "")
    found = {fault.path: fault.message for fault in faults(text)}

    assert "open one port" in found["services"]


def test_off_is_a_word_and_a_sound_sdl_has_no_fault_and_no_warning():
    sdl, warnings = checked_sdl(SOUND, "s.yaml")
    options = sdl.services["web"].expose[0].http_options

    assert options
    assert options.next_cases == ("off",)
    assert warnings == ()
    assert faults_of(sdl) == ()


@pytest.mark.parametrize(("old", "new", "path"), [
    ("nginx:1.27", "nginx", "services.web.image"),
    ("nginx:1.27", "host:5000/nginx:latest", "services.web.image"),
    ("uact, amount: 5000", "uakt, amount: 5000",
     "profiles.placement.any.pricing.web.denom"),
    ("deployment:\n", "deployment:\n", None),
    ("services:\n", "services:\n  idle: {image: 'a@sha256:0'}\n", "services.idle"),
])  # fmt: skip
def test_what_a_person_should_look_at_is_a_warning(old, new, path):
    _, warnings = checked_sdl(SOUND.replace(old, new, 1), "s.yaml")

    assert [fault.path for fault in warnings] == ([path] if path else [])


@pytest.mark.parametrize("text", [
    "", "a: b: c", "version: '2.1'", "- 1", "{}", "services: 5", "x: &a [*a]",
    "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"b{i}: &b{i} [{', '.join([f'*b{i - 1}' if i else '*a'] * 9)}]\n" for i in range(9)
    ),
    "services: " + "{a: " * 60 + "1" + "}" * 60,
    "x: " + "y" * 100_000,
    "services:\n" + "".join(f"  s{i}: {{image: a, env: [A=b]}}\n" for i in range(4000)),
    "services:\n" + "".join(f"  s{i}: {{image: a}}\n" for i in range(1500))
    + "deployment:\n"
    + "".join(f"  t{i}: {{p{i}: {{profile: q, count: 1}}}}\n" for i in range(1500)),
    "profiles: {compute:\n  {"
    + ",\n".join(f"s{i}: {{resources: {{storage: {{size: 1}}}}}}" for i in range(1500)) + "}}",
])  # fmt: skip
def test_hostile_and_huge_files_are_refused_quickly(text):
    begun = time.monotonic()

    assert faults(text)
    assert time.monotonic() - begun < 8


def test_json_is_read_too():
    profiles = '{"compute": {}, "placement": {}}'
    text = f'{{"version": "2.1", "services": {{}}, "profiles": {profiles}, "deployment": {{}}}}'

    assert {fault.path for fault in faults(text, "s.json")} == {"services", "deployment"}


@pytest.mark.parametrize(("read", "text", "amount"), [
    (millicores_of, "500m", 500), (millicores_of, "0.5", 500), (millicores_of, "2", 2000),
    (millicores_of, "0.0001", 1), (bytes_of_size, "1.5Gi", 1_610_612_736),
    (bytes_of_size, "10M", 10_000_000), (seconds_of, "2m", 120), (seconds_of, "720h", 2_592_000),
])  # fmt: skip
def test_amounts_mean_what_the_network_makes_of_them(read, text, amount):
    assert read(text) == amount


@pytest.mark.parametrize(("read", "text"), [
    (millicores_of, "1Gi"), (millicores_of, "-1"), (millicores_of, "1e3"), (bytes_of_size, "1GB"),
    (bytes_of_size, "1m"), (bytes_of_size, "١Gi"), (seconds_of, "0s"), (seconds_of, "1d"),
])  # fmt: skip
def test_other_forms_of_amounts_are_refused(read, text):
    with pytest.raises(ValueError, match=text):
        read(text)


def test_what_the_published_schema_takes_in_two_ways_is_one_thing():
    kinds = "nvidia: [{model: h100, ram: 80Gi, interface: sxm}]"
    text = SOUND.replace("units: 2, attr", "units: '2', attr").replace("amd64", "2")
    text = text.replace("persistent: true}", "persistent: 'true'}").replace(kinds, "nvidia: null")
    text = text.replace("image: postgres:16", "image: postgres:16\n    args:")
    sdl = read_sdl(text, "s.yaml")
    web, db = sdl.profiles.compute["web"].resources, sdl.profiles.compute["db"].resources

    assert (web.gpu_count, web.cpu.units, web.cpu.attributes) == (2, "1.5", {"arch": "2"})
    assert read_sdl(text.replace("nvidia: null", "nvidia: []"), "s.yaml") == sdl
    assert [one.is_persistent for one in db.storage] == [False, True]
    assert read_sdl(sdl_text(sdl), "s.yaml") == sdl


def test_a_name_that_is_none_is_told_in_words():
    text = SOUND.replace("front", "Front").replace("location-type:", "location type:")
    found = {fault.path: fault.message for fault in faults(text)}

    assert "small letters first" in found["endpoints.Front"]
    assert "an attribute's name" in found["profiles.placement.any.attributes.'location type'"]


def test_more_placements_and_profiles_than_the_chain_takes_are_told():
    one = read_sdl(SOUND, "s.yaml")
    web, placed = one.services["web"], one.deployment["web"]["any"]
    many = {f"s{i}": {"any": placed.model_copy(update={"profile": f"p{i}"})} for i in range(21)}
    wide = {"web": {f"g{i}": placed for i in range(21)}}
    found = [
        str(fault)
        for deployment in (many, wide)
        for fault in faults_of(
            one.model_copy(update={"deployment": deployment, "services": {"web": web}})
        )
    ]

    assert any("any has more than 20 profiles" in fault for fault in found)
    assert any("more than 20 placements" in fault for fault in found)


def test_the_example_on_the_page_is_sound():
    page = (Path(__file__).parents[2] / "docs" / "sdl.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]

    assert checked_sdl(example, "sdl.md")[1] == ()
