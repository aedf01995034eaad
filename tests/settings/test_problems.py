import pytest

from settings.problems import InvalidInputError, Problem, one_line, printable


def test_a_problem_is_one_line_of_where_field_value_what_is_allowed_and_the_page() -> None:
    problem = Problem(where="dev", path="bucket.name", value="A", allowed="must be a", page="https://aws")
    assert str(problem) == "dev: bucket.name: 'A': must be a (AWS limit: https://aws)"


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem(where="a.sh", allowed="missing"), "a.sh: missing"),
        (Problem(where="dev", path="x", value=None, allowed="must be given"), "dev: x: None: must be given"),
    ],
)
def test_what_is_not_known_is_left_out_and_none_is_a_value(problem: Problem, line: str) -> None:
    assert str(problem) == line


class Strange:
    def __init__(self, shown: str | None) -> None:
        self.shown = shown

    def __repr__(self) -> str:
        if self.shown is None:
            raise ZeroDivisionError
        return self.shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(10**5000, "<int>"), ([10**5000], "<list>"), (Strange(None), "<Strange>"), (Strange("a\nb"), r"a\nb")],
    ids=["digits", "list", "raises", "lines"],
)
def test_a_value_is_shown_in_one_line_whatever_it_is(value: object, shown: str) -> None:
    assert str(Problem(where="dev", path="x", value=value, allowed="must be")) == f"dev: x: {shown}: must be"


def test_whoever_knows_the_place_adds_it_in_front() -> None:
    inner = Problem(path="weight", value=0, allowed="must be above 0")
    assert str(inner.within("dev", "endpoints.0")) == "dev: endpoints.0.weight: 0: must be above 0"
    assert str(Problem(allowed="must differ").within("dev", "zones")) == "dev: zones: must differ"


def test_all_problems_end_the_program_sorted() -> None:
    raised = InvalidInputError([Problem(where=name, allowed="must be") for name in ("b", "a")])
    assert [problem.where for problem in raised.problems] == ["a", "b"]
    assert isinstance(raised, SystemExit)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Übung 二 😀 e\u0301", "Übung 二 😀 e\u0301"),
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("a\rb\x08\x7f\0", r"a\rb\x08\x7f\x00"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("\u202egpj.exe\u2066\u200b\ufeff", r"\u202egpj.exe\u2066\u200b\ufeff"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udc80\ud800", r"\udc80\ud800"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_has_no_shape_of_its_own_is_shown_escaped(text: str, shown: str) -> None:
    assert printable(text) == one_line(text) == shown
    assert str(Problem(where=text, path=text, allowed=text, page=text)).count(shown) == 4


def test_lines_stay_lines_but_in_a_problem() -> None:
    assert printable("a\n\tb") == "a\n\tb"
    assert str(Problem(where="a\nb", allowed="c\td", code="x\ny")) == "a\\nb: c\\td\n  x\\ny"


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (10**5000, "<int>"),
        (Unspeakable(), "<Unspeakable>"),
        ([Unspeakable()], "<list>"),
        ("x" * 5000, f"'{'x' * 299}..."),
        ("\x1b", r"'\x1b'"),
    ],
    ids=["number", "class", "list", "text", "control"],
)
def test_a_value_that_cannot_be_shown_whole_does_not_hide_the_rest(value: object, shown: str) -> None:
    assert str(Problem(where="dev", path="x", value=value, allowed="must be less")) == f"dev: x: {shown}: must be less"
