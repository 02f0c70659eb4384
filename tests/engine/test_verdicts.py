"""What a verification told is read back, and nothing else is taken for it."""

import pytest

from engine.verdicts import verdict_of

TOLD = {
    "size": 3, "root": "00", "facts": 2, "checkpoints": 1, "problem_count": 1,
    "problems": [{"place": "entry 1", "what": "was changed"}],
    "parts": [{"part": "tree", "milliseconds": 4, "problems": 1}],
}  # fmt: skip


def test_a_verdict_is_read_back():
    verdict = verdict_of(TOLD)

    assert verdict is not None
    assert (verdict.is_clean, verdict.parts[0].part) == (False, "tree")
    assert verdict_of(TOLD | {"problem_count": 0, "problems": []}).is_clean


@pytest.mark.parametrize("told", [None, 7, {}, TOLD | {"size": -1}, TOLD | {"facts": "2"}])
def test_anything_else_is_no_verdict(told):
    assert verdict_of(told) is None
