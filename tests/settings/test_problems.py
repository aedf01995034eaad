import pytest

from settings.problems import InvalidInputError, Problem


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
    [(10**5000, "<int>"), ([10**5000], "<list>"), (Strange(None), "<Strange>"), (Strange("a\nb"), "a b")],
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
