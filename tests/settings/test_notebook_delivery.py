from typing import Any

import pytest
from pydantic import ValidationError

from settings.lifecycle_scripts import FILLED_IN
from settings.notebook_delivery import NotebookDeliverySettings
from settings.problems import problems_of


def problems(**settings: Any) -> list[str]:
    try:
        NotebookDeliverySettings(**settings).checked()
    except ValidationError as error:
        return [str(problem) for problem in problems_of("dev", NotebookDeliverySettings, error)]
    return []


def test_those_of_the_course_are_handed_out_where_nothing_else_is_said() -> None:
    delivery = NotebookDeliverySettings().checked()
    assert delivery.patterns == ("Lab1*.ipynb", "PythonCheatSheet*.ipynb")
    assert delivery.placeholders == ("<DATA_BUCKET>", "<LabBucketName>", "ml-pipeline-bucket")


@pytest.mark.parametrize("pattern", ["*.ipynb", "a [b] 'c' \"d\" ${e} é 二.ipynb", "x" * 122 + ".ipynb"])
def test_a_pattern_has_any_characters(pattern: str) -> None:
    assert problems(patterns=[pattern]) == []


@pytest.mark.parametrize("placeholder", ["x", "<YOUR BUCKET>", "${bucket} \"a\" 'b' \\ <&> é 二", "x" * 128])
def test_a_placeholder_has_any_characters(placeholder: str) -> None:
    assert problems(placeholders=[placeholder]) == []


def test_no_placeholder_but_those_of_the_platform_is_a_choice_too() -> None:
    assert problems(placeholders=[]) == []


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"patterns": []}, "patterns: []: must have at least 1 item"),
        ({"patterns": [f"{number}.ipynb" for number in range(11)]}, "patterns: "),
        ({"patterns": ["a.ipynb", "a.ipynb"]}, "patterns: ['a.ipynb', 'a.ipynb']: must differ"),
        ({"patterns": ["Lab1*"]}, "patterns.0: 'Lab1*': must end with .ipynb, and have no /"),
        ({"patterns": ["a/b.ipynb"]}, "patterns.0: 'a/b.ipynb': must end with .ipynb, and have no /"),
        ({"patterns": ["x" * 123 + ".ipynb"]}, "patterns.0: "),
        ({"patterns": ["a\nb.ipynb"]}, "patterns.0: 'a\\nb.ipynb': must not have control characters or line ends"),
        ({"patterns": ["e\u0301.ipynb"]}, "patterns.0: 'e\u0301.ipynb': must be in composed characters"),
        ({"placeholders": [""]}, "placeholders.0: '': must have at least 1 character"),
        ({"placeholders": [" \u3000"]}, "placeholders.0: ' \\u3000': must have more than spaces"),
        ({"placeholders": ["x" * 129]}, "placeholders.0: "),
        ({"placeholders": [str(number) for number in range(11)]}, "placeholders: "),
        ({"placeholders": ["x", "x"]}, "placeholders: ['x', 'x']: must differ"),
        ({"placeholders": ["a\tb"]}, "placeholders.0: 'a\\tb': must not have control characters or line ends"),
        ({"placeholders": ["\u2028"]}, "placeholders.0: '\\u2028': must not have control characters or line ends"),
        ({"placeholders": ["\ud800"]}, "placeholders.0: "),
    ],
)
def test_rejects_what_cannot_be_handed_out(settings: dict[str, object], line: str) -> None:
    [problem] = problems(**settings)
    assert problem.startswith(f"dev: {line}")


@pytest.mark.parametrize("placeholder", FILLED_IN)
def test_rejects_a_placeholder_of_the_platforms_own(placeholder: str) -> None:
    [problem] = problems(placeholders=["x", placeholder])
    assert problem.startswith(f"dev: placeholders.1: {placeholder!r}: must be another")
