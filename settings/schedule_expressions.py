"""When EventBridge Scheduler runs something again and again: rate(...) and cron(...).

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

RATE = re.compile(r"rate\(([1-9][0-9]*) (minutes?|hours?|days?)\)", re.ASCII)
CRON = re.compile(r"cron\((.*)\)")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FORMS = "rate(<number> minutes|hours|days) or cron(<minutes> <hours> <day of month> <month> <day of week> <year>)"


@dataclass(frozen=True, kw_only=True)
class _Field:
    """One of cron's six. `names` stand for the numbers from `least` on; `own` is what only this field may be."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    own: str = r"(?!)"

    def problem(self, text: str) -> str | None:
        if "#" in text and "," in text:
            return f"{self.name} {text}: must be one day alone, where there is a #"
        for item in text.split(","):
            if not self._takes(item):
                words = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
                return f"{self.name} {text}: must be of {self.least}-{self.most}{words}, with , - * and /"
        return None

    def _takes(self, item: str) -> bool:
        if re.fullmatch(self.own, item):
            return True
        start, slash, step = item.partition("/")
        if slash and not (re.fullmatch("[1-9][0-9]{0,3}", step) and int(step) <= self.most):
            return False
        if start == "*":
            return True
        first, dash, last = start.partition("-")
        numbers = [self._number(text) for text in ([first, last] if dash else [first])]
        return None not in numbers and numbers == sorted(numbers, key=lambda number: number or 0)

    def _number(self, text: str) -> int | None:
        if text.upper() in self.names:
            return self.least + self.names.index(text.upper())
        number = int(text) if re.fullmatch("[0-9]{1,4}", text) else -1
        return number if self.least <= number <= self.most else None


FIELDS = (
    _Field(name="minutes", least=0, most=59),
    _Field(name="hours", least=0, most=23),
    _Field(name="day of month", least=1, most=31, own=r"\?|L|LW|([1-9]|[12][0-9]|3[01])W"),
    _Field(name="month", least=1, most=12, names=MONTHS),
    _Field(
        name="day of week", least=1, most=7, names=WEEKDAYS, own=rf"(?i)\?|L|([1-7]|{'|'.join(WEEKDAYS)})(L|#[1-5])"
    ),
    _Field(name="year", least=1970, most=2199),
)


def schedule_expression(expression: str) -> str:
    """Raises ValueError with what is wrong with it."""
    rate, cron = RATE.fullmatch(expression), CRON.fullmatch(expression)
    if rate is not None:
        if rate[1] != "1" and not rate[2].endswith("s"):
            raise ValueError(f"must be rate({rate[1]} {rate[2]}s)")
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
