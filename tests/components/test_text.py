"""Values as text: rounded for the eye, and nothing from outside taken for Markdown."""

import json
import re
import string
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.text import (
    BASIS_NAMES,
    BASIS_WARNINGS,
    TERM_NAMES,
    UNKNOWN,
    age,
    ago,
    differences_text,
    escaped,
    literal,
    moment,
    network_name,
    number,
    percent,
    saving_range,
    span,
    uptime,
    usd_per_hour,
    visible,
)
from engine.market import PriceBasis, Term
from engine.overview import Comparison
from engine.savings import DIFFERENCES

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def comparison(saving: float, adjusted: float | None, *codes: str) -> Comparison:
    return Comparison(
        baseline="aws",
        baseline_kind="recorded",
        instance="p5.4xlarge",
        region="us-east-1",
        usd_per_gpu_hour=Decimal("6.88"),
        observed_on=date(2026, 11, 23),
        saving=saving,
        saving_adjusted=adjusted,
        confidence="C",
        differences=codes,
    )


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("2.0393607528", "$2.039"),
        ("2.0395", "$2.040"),
        ("6.88", "$6.880"),
        ("0.0004", "$0.000"),
        ("1234.5", "$1,234.500"),
    ],
)
def test_a_price_is_shown_with_three_decimals(amount: str, text: str):
    assert usd_per_hour(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.7036, "70 %"),
        (0.6999, "69 %"),
        (0.29, "29 %"),
        (1.0, "100 %"),
        (0.0, "0 %"),
        (-1.13, "−113 %"),
        (-0.001, "−1 %"),
    ],
)
def test_a_percentage_is_rounded_down_and_has_a_real_minus_sign(fraction: float, text: str):
    assert percent(fraction) == text
    assert "-" not in percent(fraction)


@pytest.mark.parametrize(
    ("saving", "adjusted", "text"),
    [
        (0.7036, 0.621, "62 to 70 %"),
        (0.7036, 0.7012, "70 %"),
        (0.7036, None, "70 %"),
        (0.18, -1.13, "−113 to 18 %"),
    ],
)
def test_a_saving_is_told_from_least_to_most(saving: float, adjusted: float | None, text: str):
    assert saving_range(comparison(saving, adjusted)) == text


def test_a_saving_without_a_known_shape_is_at_most_what_it_says():
    assert saving_range(comparison(0.7399, None, "shape", "age")) == "up to 73 %"
    assert saving_range(comparison(0.7399, 0.62, "shape", "age")) == "62 to 73 %"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.9951, "99.51 %"), (0.99999, "99.99 %"), (1.0, "100.00 %"), (0, "0.00 %")],
)
def test_an_uptime_is_rounded_down_to_two_decimals(fraction: float, text: str):
    assert uptime(fraction) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-61, "in the future: check the clock"),
        (-60, "new"),
        (0, "new"),
        (59, "new"),
        (60, "1 min"),
        (299, "4 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86399, "23 h"),
        (86400, "1 day"),
        (2 * 86400 - 1, "1 day"),
        (2 * 86400, "2 days"),
        (56 * 86400, "56 days"),
    ],
)
def test_an_age_is_told_in_its_largest_whole_unit(seconds: int, text: str):
    assert age(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-61, "in the future: check the clock"), (59, "just now"), (240, "4 min ago")],
)
def test_what_happened_is_told_as_that_long_ago(seconds: int, text: str):
    assert ago(NOW - timedelta(seconds=seconds), NOW) == text


def test_a_span_is_one_day_or_two_with_to_between():
    morning = datetime(2026, 11, 23, tzinfo=UTC)
    assert span(morning, NOW) == "2026-11-23 12:00 UTC"
    assert span(morning, morning) == "2026-11-23"
    assert span(morning - timedelta(days=1), NOW) == "2026-11-22 to 2026-11-23"


def test_a_moment_without_a_zone_is_utc():
    naive = (NOW - timedelta(hours=3)).replace(tzinfo=None)
    assert age(naive, NOW) == "3 h"


def test_midnight_is_shown_as_the_day_only():
    assert moment(datetime(2026, 9, 8, tzinfo=UTC)) == "2026-09-08"
    assert moment(datetime(2026, 9, 8, 0, 1, tzinfo=UTC)) == "2026-09-08 00:01 UTC"
    assert moment(datetime(2026, 9, 8, 14, 5, 59, tzinfo=UTC)) == "2026-09-08 14:05 UTC"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (100, "", "100"),
        (80.0, "GiB", "80 GiB"),
        (1234.5, "", "1,234.5"),
        (0.129, "", "0.13"),
        (0, "GPUs", "0 GPUs"),
        (2000000, "", "2,000,000"),
    ],
)
def test_a_number_has_two_decimals_at_most(value: float, unit: str, text: str):
    assert number(value, unit) == text


def test_unknown_is_said_in_words_and_never_as_zero():
    said = [usd_per_hour(None), percent(None), age(None, NOW), moment(None), number(None, "GiB")]
    said += [ago(None, NOW), span(None, NOW), span(NOW, None)]
    assert said == [UNKNOWN] * 8
    assert UNKNOWN == "not known"


def test_every_difference_is_told_as_a_sentence():
    assert differences_text(["count", "age"]) == "GPU count differs; a price is older than 30 days"
    assert differences_text(list(DIFFERENCES)).split("; ") == list(DIFFERENCES.values())
    assert differences_text([]) == "none that is known"


def test_every_term_and_every_price_basis_has_words():
    assert set(TERM_NAMES) == set(get_args(Term))
    assert set(BASIS_NAMES) == set(get_args(PriceBasis))
    assert set(BASIS_WARNINGS) < set(BASIS_NAMES)


def test_a_network_nobody_named_is_shown_as_received():
    assert network_name("gcp") == "Google Cloud"
    assert network_name("newnet") == "newnet"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("**bold**", r"\*\*bold\*\*"),
        ("[x](http://evil)", r"\[x\]\(http\://evil\)"),
        ("<script>", r"\<script\>"),
        (":red[hot] $x$", r"\:red\[hot\] \$x\$"),
        ("a\\b", r"a\\b"),
        ("# 1. title", r"\# 1\. title"),
        ("p5.4xlarge", r"p5\.4xlarge"),
    ],
)
def test_markdown_from_outside_is_shown_and_not_obeyed(text: str, escaped: str):
    assert literal(text) == escaped


@given(st.text(alphabet=string.printable) | st.text())
def test_a_markdown_reader_sees_the_text_as_it_was(text: str):
    shown = literal(text)
    assert re.sub(rf"\\([{re.escape(string.punctuation)}])", r"\1", shown) == " ".join(text.split())
    assert not set(re.sub(r"\\.", "", shown)) & set("\\`*_{}[]<>()#+-.!|~$:")


@pytest.mark.parametrize(("value", "shown"), [(8, "8"), (None, "None"), (2.5, r"2\.5")])
def test_any_value_can_be_shown(value: object, shown: str):
    assert literal(value) == shown


ACTING_TEXT = "a\x00\n\x7f\x9b\u202eb\U000e0041"


def test_signs_that_would_act_on_the_screen_are_pictures():
    assert visible(ACTING_TEXT) == "a␀␊␡[U+009B][U+202E]b[U+E0041]"
    assert visible("שלום 👩 ok") == "שלום 👩 ok"


@given(st.text(st.sampled_from([*string.printable, *ACTING_TEXT, "é", "👩"])))
def test_escaped_json_says_the_same_and_acts_not(text):
    shown, count = escaped(json.dumps(text, ensure_ascii=False))

    assert json.loads(shown) == text
    assert visible(shown) == shown
    assert (count > 0) == (shown != json.dumps(text, ensure_ascii=False))
