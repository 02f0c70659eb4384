"""What a verification told is read back, and nothing else is taken for it."""

import pytest

from engine.verdicts import ProblemTold, Verdict, base64_of, checkpoints_told, verdict_of

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


OLD = {"size": 4, "root": "ab", "facts": 1, "checkpoints": 2, "problems": [], "problem_count": 0}


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((2, 2, 2), "2 signed checkpoints, each in the book and as a file"),
        ((1, 1, 1), "1 signed checkpoint, in the book and as a file"),
        ((2, 1, 2), "2 signed checkpoints in the book, 2 as files"),
        ((2, 1, 1), "2 signed checkpoints in the book, 1 as a file"),
        ((0, 0, 0), "0 signed checkpoints in the book, 0 as files"),
        ((4, None, 0), "4 signed checkpoints, in the book or as files"),
    ],
)
def test_a_checkpoint_in_the_book_and_its_file_are_one(counts, words):
    assert checkpoints_told(*counts) == words


def test_a_verdict_of_before_is_still_read():
    found = verdict_of(OLD)
    assert found.checkpoints_told == "2 signed checkpoints, in the book or as files"


@pytest.mark.parametrize(
    ("place", "what", "entry"),
    [
        ("entry 18", "its text is not what was hashed", 18),
        ("documents note/a/1", "was changed after entry 3 added it", 3),
        ("guards", "cannot be checked", None),
    ],
)
def test_a_problem_names_its_entry(place, what, entry):
    problem = ProblemTold(place=place, what=what)
    assert problem.entry == entry
    verdict = Verdict.model_validate(OLD | {"problems": [problem], "problem_count": 1})
    assert verdict.about(18) == ([problem] if entry == 18 else [])


def test_a_root_is_told_as_checkpoints_write_it():
    assert (base64_of("ab" * 32)[-1], base64_of("no hash")) == ("=", "no hash")
