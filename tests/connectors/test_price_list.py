"""A price list of any size is read in the memory of a small one."""

import sys

import pytest

from tests.connectors import price_list

MB = 1_000_000
SENT = 60 * MB


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says how much memory a process had")
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_large_list_is_read_in_little_memory(encoding):
    def chunks():
        sent = price_list.price_list(SENT)
        return price_list.zipped(sent) if encoding else sent

    headers = {"Content-Encoding": encoding} if encoding else {}
    with price_list.serving(chunks, headers) as url:
        found = price_list.measured("-m", "tests.connectors.price_list", url)
    assert found["rows"] > 40  # sizes, one in each block
    assert found["peak"] - found["before"] < SENT / 3
    assert found["peak"] < 300 * MB


def test_the_list_is_as_large_as_it_says():
    blocks = list(price_list.price_list(3 * MB))
    assert 3 * MB <= sum(map(len, blocks[1:])) < 5 * MB
    assert b'"m5.5xlarge"' in blocks[1]
    assert len({len(block.splitlines()) for block in blocks[1:]} - {price_list.BLOCK_ROWS}) == 0
