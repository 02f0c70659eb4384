"""Only names that are allowed and addresses that everybody can reach are ever called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.probing import NotProbed, Target, is_public, suffixes_of, target_of

BELOW = (".jobs.example.com",)


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("a.jobs.example.com", Target("http", "a.jobs.example.com", "/")),
        ("https://A.Jobs.Example.com./x?y=1#z", Target("https", "a.jobs.example.com", "/x?y=1")),
        ("http://a.jobs.example.com:80/", Target("http", "a.jobs.example.com", "/")),
        ("https://a.jobs.example.com:443", Target("https", "a.jobs.example.com", "/")),
    ],
)
def test_what_may_be_called(address, target):
    assert target_of(address, BELOW) == target


@pytest.mark.parametrize(
    "address",
    [
        "evil-jobs.example.com", "jobs.example.com", "a.jobs.example.com.evil.net",
        "a.jobs.example.comx", "http://evil.net/.jobs.example.com",
        "http://evil.net#.jobs.example.com", "http://evil.net?.jobs.example.com",
        "http://evil.net\\.jobs.example.com", "http://user@a.jobs.example.com",
        "http://a.jobs.example.com@evil.net", "http://:@a.jobs.example.com",
        "https://a.jobs.example.com:80", "http://a.jobs.example.com:22",
        "http://a.jobs.example.com:x", "a.jobs.example.com:8080", "ftp://a.jobs.example.com",
        "file:///etc/passwd", "http://2130706433/", "http://0x7f000001/", "http://127.1/",
        "http://017700000001/", "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:7f00:1]/",
        "http://localhost/", "http://a..jobs.example.com/", "http://-a.jobs.example.com/",
        "http://a.jobs.example.com/ x", "http://a.jobs.example.com/\r\nX: y", "", "http://",
        "//a.jobs.example.com", "http://ａ.jobs.example.com/", "http://a%2e.jobs.example.com/",
        "http://[a.jobs.example.com", "a.jobs.example.com/" + "x" * 2_000,
    ],
)  # fmt: skip
def test_what_is_never_called(address):
    with pytest.raises(NotProbed):
        target_of(address, BELOW)


def test_an_ending_without_its_dot_allows_itself_and_nothing_that_only_looks_like_it():
    assert target_of("example.com", ("example.com",)).host == "example.com"
    assert target_of("a.example.com", ("example.com",)).host == "a.example.com"
    with pytest.raises(NotProbed, match="NECTO_PROBE_HOSTS"):
        target_of("evil-example.com", ("example.com",))
    with pytest.raises(NotProbed):
        target_of("a.example.com", ())


def test_the_setting_is_a_list_of_endings():
    assert suffixes_of(" .Jobs.Example.com , other.net,") == (".jobs.example.com", "other.net")
    assert suffixes_of("") == ()


@pytest.mark.parametrize("text", ["*", "com", ".", "*.example.com", "10.0.0.1", "a b.com", "a_b.c"])
def test_what_is_no_ending_is_refused_in_words(text):
    with pytest.raises(ValueError, match="ending of host names"):
        suffixes_of(text)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_what_everybody_can_reach(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "240.0.0.1", "168.63.129.16", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254",
        "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:a00:1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1", "::7f00:1", "x", "", "127.1",
    ],
)  # fmt: skip
def test_what_lies_inside(address):
    assert not is_public(address)


@given(st.text(max_size=80), st.sampled_from(["", "http://", "https://"]))
def test_whatever_a_provider_tells_only_an_allowed_name_is_called(text, scheme):
    try:
        target = target_of(scheme + text + ".jobs.example.com", BELOW)
    except NotProbed:
        return
    assert target.host.endswith(".jobs.example.com")
    assert target.path.startswith("/")
    assert target.path.isascii()
