"""When EventBridge Scheduler runs something again and again: rate(...) and cron(...).

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Of the number no page says how large it may be.
RATE = re.compile(r"rate\(([1-9][0-9]{0,4}) (minute|hour|day)(s?)\)")
CRON = re.compile(r"cron\((.*)\)")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FORMS = "rate(<number> minutes|hours|days) or cron(<minutes> <hours> <day of month> <month> <day of week> <year>)"


@dataclass(frozen=True, kw_only=True)
class _Field:
    """One of cron's six. `names` stand for the numbers from `least` on; `own` is what only this field may be, whole."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    own: str = r"(?!)"
    steps: bool = True

    def problem(self, text: str) -> str | None:
        if re.fullmatch(self.own, text) or all(map(self._takes, text.split(","))):
            return None
        words = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        marks = ", - * and /" if self.steps else ", - and *"
        return f"{self.name} {text}: must be of {self.least}-{self.most}{words}, with {marks}"

    def _takes(self, item: str) -> bool:
        start, slash, step = item.partition("/")
        if slash and not (self.steps and re.fullmatch("[1-9][0-9]{0,3}", step) and int(step) <= self.most):
            return False
        if start == "*":
            return True
        first, dash, last = start.partition("-")
        numbers = [self._number(text) for text in ([first, last] if dash else [first])]
        return None not in numbers and numbers == sorted(numbers, key=lambda number: number or 0)

    def _number(self, text: str) -> int | None:
        if text in self.names:
            return self.least + self.names.index(text)
        number = int(text) if re.fullmatch("[0-9]{1,4}", text) else -1
        return number if self.least <= number <= self.most else None


FIELDS = (
    _Field(name="minutes", least=0, most=59),
    _Field(name="hours", least=0, most=23),
    _Field(name="day of month", least=1, most=31, own=r"\?|L|LW|([1-9]|[12][0-9]|3[01])W"),
    _Field(name="month", least=1, most=12, names=MONTHS),
    _Field(name="day of week", least=1, most=7, names=WEEKDAYS, own=r"\?|L|[1-7](L|#[1-5])", steps=False),
    _Field(name="year", least=1970, most=2199),
)


def schedule_expression(expression: str) -> str:
    """Raises ValueError with what is wrong with it.

    A number of 1 has its unit in the singular, all others in the plural, as EventBridge's rules want it:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
    """
    rate, cron = RATE.fullmatch(expression), CRON.fullmatch(expression)
    if rate is not None:
        plural = "" if rate[1] == "1" else "s"
        if rate[3] != plural:
            raise ValueError(f"must be rate({rate[1]} {rate[2]}{plural})")
    elif cron is not None:
        wrong = next(_cron_problems(cron[1].split()), None)
        if wrong is not None:
            raise ValueError(wrong)
    else:
        raise ValueError(f"must be {FORMS}")
    return expression


def _cron_problems(parts: list[str]) -> Iterator[str]:
    if len(parts) != len(FIELDS):
        yield f"{len(parts)} fields: must be {FORMS}"
        return
    for field, part in zip(FIELDS, parts, strict=True):
        wrong = field.problem(part)
        if wrong is not None:
            yield wrong
    if (parts[2] == "?") == (parts[4] == "?"):
        yield "must have ? as one of day of month and day of week, and only one"
