"""What EventBridge Scheduler takes for a schedule: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"""

import pytest

from settings.schedule_expressions import schedule_expression


@pytest.mark.parametrize(
    "expression",
    [
        *("rate(1 minute)", "rate(5 minutes)", "rate(12 hours)", "rate(1 day)", "rate(400 days)"),
        *("cron(15 10 ? * 6L 2019-2022)", "cron(0 10 * * ? *)", "cron(15 12 * * ? *)", "cron(0 18 ? * MON-FRI *)"),
        *("cron(0 8 1 * ? *)", "cron(0/15 * * * ? *)", "cron(0/10 * ? * MON-FRI *)", "cron(0/5 8-17 ? * MON-FRI *)"),
        *("cron(0,30 20-23 * * ? *)", "cron(0 9 ? * 2#1 *)", "cron(0-15/1 8-8 ? * 2,3,4 *)", "cron(0 0 L * ? *)"),
        *("cron(0 0 LW * ? *)", "cron(0 0 15W * ? *)", "cron(59 23 31 12 ? 2199)", "cron(0 0 1 JAN,JUL ? 1970/5)"),
        *("cron(*/10 * * * ? *)", "cron(0 0 ? 1-3,MAY L *)", "cron(0  0 1 * ? *)"),
    ],
)
def test_takes_what_awss_page_shows(expression: str) -> None:
    assert schedule_expression(expression) == expression


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("", "must be rate(<number> minutes|hours|days) or cron(<minutes> "),
        ("daily", "must be rate("),
        ("at(2026-11-27T12:00:00)", "must be rate("),
        ("0 10 * * ? *", "must be rate("),
        ("rate(0 days)", "must be rate("),
        ("rate(-1 days)", "must be rate("),
        ("rate(1.5 hours)", "must be rate("),
        ("rate(1 weeks)", "must be rate("),
        ("rate(01 days)", "must be rate("),
        ("rate(\u0661 days)", "must be rate("),
        ("rate(1 day) ", "must be rate("),
        ("rate(5 minute)", "must be rate(5 minutes)"),
        ("rate(1 hours)", "must be rate(1 hour)"),
        ("rate(100000 days)", "must be rate("),
        ("cron(0 10 * * *)", "5 fields: must be "),
        ("cron(0 10 * * ? * *)", "7 fields: must be "),
        ("cron()", "0 fields: must be "),
        ("cron(60 10 * * ? *)", "minutes 60: must be of 0-59, with , - * and /"),
        ("cron(0 24 * * ? *)", "hours 24: must be of 0-23"),
        ("cron(0 10 0 * ? *)", "day of month 0: must be of 1-31"),
        ("cron(0 10 32W * ? *)", "day of month 32W: must be of 1-31"),
        ("cron(0 10 1 13 ? *)", "month 13: must be of 1-12 or JAN-DEC"),
        ("cron(0 10 1 JANUARY ? *)", "month JANUARY: must be of 1-12 or JAN-DEC"),
        ("cron(0 10 ? * 0 *)", "day of week 0: must be of 1-7 or SUN-SAT"),
        ("cron(0 10 ? * 2#6 *)", "day of week 2#6: must be of "),
        ("cron(0 10 ? * 2#1,3#2 *)", "day of week 2#1,3#2: must be of 1-7 or SUN-SAT, with , - and *"),
        ("cron(0 10 ? * 2/2 *)", "day of week 2/2: must be of "),
        ("cron(0 10 ? * mon *)", "day of week mon: must be of "),
        ("cron(0 10 ?,1 * ? *)", "day of month ?,1: must be of "),
        ("cron(*/60 * * * ? *)", "minutes */60: must be of "),  # https://github.com/aws/aws-sdk-js/issues/4212
        ("cron(0 10 1 * ? 1969)", "year 1969: must be of 1970-2199"),
        ("cron(0 10 1 * ? 2200)", "year 2200: must be of 1970-2199"),
        ("cron(30-10 10 * * ? *)", "minutes 30-10: must be of "),
        ("cron(0/0 10 * * ? *)", "minutes 0/0: must be of "),
        ("cron(0/99 10 * * ? *)", "minutes 0/99: must be of "),
        ("cron(1- 10 * * ? *)", "minutes 1-: must be of "),
        ("cron(1,,2 10 * * ? *)", "minutes 1,,2: must be of "),
        ("cron(? 10 * * ? *)", "minutes ?: must be of "),
        ("cron(0 10 * * * *)", "must have ? as one of day of month and day of week, and only one"),
        ("cron(0 10 ? * ? *)", "must have ? as one of day of month and day of week, and only one"),
        ("cron(0 10 1 * MON *)", "must have ? as one of day of month and day of week, and only one"),
    ],
)
def test_rejects_what_awss_page_does_not_know(expression: str, allowed: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        schedule_expression(expression)
    assert str(raised.value).startswith(allowed)
