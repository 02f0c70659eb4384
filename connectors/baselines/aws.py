"""AWS: list prices of GPU machines from the bulk price list (keyless, one large CSV per region).

The region index names each region's newest list (docs.aws.amazon.com/awsaccountbilling/latest/
aboutv2/using-the-aws-price-list-bulk-api.html, read 2026-08). A list has hundreds of MB: it is read
line by line and only a GPU machine's lines are kept.

A region whose list cannot be read costs its own offers alone: they are missing until the next
reading, and this one's message and rejects name the region. The lists that came are kept: to throw
them away would mean to ask for gigabytes again.

Reserved prices are the standard ones without an upfront payment: with one, the hourly price is not
the cost. **Spot is not in the list** (it takes DescribeSpotPriceHistory and credentials).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from pydantic import BaseModel, Field

from connectors.answers import address, storable
from connectors.base import (
    Answer,
    Connector,
    Http,
    Reading,
    Reject,
    SourceError,
    Unreachable,
    Unreadable,
)
from connectors.baselines.aws_list import RegionList, is_wanted
from connectors.wire import page_of
from engine.market import Offer
from engine.resources import Catalogue

REGIONS = (
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "us-east-1",
    "us-west-2",
)
"""The regions that the recorded prices know; a list is hundreds of MB, all of them several GB."""
KEPT_BYTES_MAX = 8 * 1024 * 1024
"""Of one region: some 60 sizes with about 20 lines each come to 2 MB."""

_INDEX = "/offers/v1.0/aws/AmazonEC2/current/region_index.json"
_LIST = re.compile(r"(/offers/[\w./-]+)\.json", re.ASCII)


class _Region(BaseModel):
    current_version_url: str = Field(alias="currentVersionUrl")


class _Index(BaseModel):
    regions: dict[str, _Region]


class Aws(Connector):
    """The AWS baseline."""

    name = "aws"
    default_url = "https://pricing.us-east-1.amazonaws.com"
    refresh_seconds = 64_800  # list prices change a few times a month, and the lists are large
    forced_seconds = 21_600

    def fetch(self, http: Http, catalogue: Catalogue) -> Sequence[Answer]:
        """Give the index and one list per region that it names, in this order; a list may fail."""
        index = http.get(f"{self.base_url}{_INDEX}")
        regions = _listed(index, catalogue)
        urls = [self._list_url(region) for region in regions.values() if region]
        if not urls:
            raise Unreadable("AWS lists none of the regions that Necto knows")
        return [index, *_tried(http, urls)]

    def parse(
        self, answers: Sequence[Answer], observed_at: datetime, catalogue: Catalogue
    ) -> Reading:
        """Turn the lists that came into offers; raises the first error when none came."""
        regions = _listed(answers[0], catalogue)
        rejects: list[Reject] = []
        dated: list[tuple[date, Offer]] = []
        failed: list[SourceError] = []
        missing = [code for code, region in regions.items() if not region]
        named = [code for code, region in regions.items() if region]
        for code, answer in zip(named, answers[1:], strict=True):
            try:
                found = list(RegionList(answer, observed_at, catalogue).offers(rejects))
            except SourceError as error:
                failed.append(error)
                missing.append(code)
                rejects.append(_unread(code, answer, error))
                continue
            if not found:  # it may be so, but a person should see it
                rejects.append(Reject("empty", "a list without one GPU machine", answer.url))
            dated += found
        if len(failed) == len(named):
            raise failed[0]
        newest: dict[str, date] = {}
        for since, offer in dated:
            newest[offer.offer_id] = max(since, newest.get(offer.offer_id, since))
        # Two rows with the same start contradict each other: both are kept, and ingest decides.
        current = [offer for since, offer in dated if since == newest[offer.offer_id]]
        return Reading(offers=current, rejects=rejects, notice=_notice(regions, missing))

    def _list_url(self, region: _Region) -> str:
        if not (found := _LIST.fullmatch(region.current_version_url)):
            raise Unreadable("AWS's region index names a list that is not on its own host")
        return f"{self.base_url}{found[1]}.csv"


def _listed(index: Answer, catalogue: Catalogue) -> dict[str, _Region | None]:
    """Return the regions that Necto reads; None for one that AWS's index does not name."""
    found = page_of(index, _Index).regions
    return {code: found.get(code) for code in REGIONS if catalogue.country_of("aws", code)}


def _tried(http: Http, urls: Sequence[str]) -> Iterator[Answer]:
    """Read one list after another, with or without luck; none once AWS has asked us to wait.

    Raises Denied: a person must act before any list is worth its bytes.
    """
    asked_to_wait: Unreachable | None = None
    for url in urls:
        answer = Answer(storable(address(url)), b"", asked_to_wait)
        if not asked_to_wait:
            try:
                answer = http.lines(url, keep=is_wanted, kept_bytes_max=KEPT_BYTES_MAX)
            except (Unreachable, Unreadable) as error:
                answer = replace(answer, failed=error)
                if isinstance(error, Unreachable) and error.retry_after_seconds:
                    asked_to_wait = error
        yield answer


def _unread(code: str, answer: Answer, error: SourceError) -> Reject:
    kind = "unreachable" if isinstance(error, Unreachable) else "unreadable"
    return Reject(f"region_{kind}", f"no prices of {code} this time: {error}", answer.url)


def _notice(regions: Collection[str], missing: Sequence[str]) -> str:
    """Say which regions' offers are not there; they would seem to be sold no more."""
    if not missing:
        return ""
    read = len(regions) - len(missing)
    return f"{read} of {len(regions)} regions read; no prices now of {', '.join(sorted(missing))}"
