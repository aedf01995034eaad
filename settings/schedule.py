"""When something is to run by itself."""

from pydantic import Field

from settings.base import Settings
from settings.limits import ScheduleExpression, TimeZone


class ScheduleSettings(Settings):
    """A schedule of EventBridge Scheduler."""

    expression: ScheduleExpression = Field(
        description="`rate(<number> minutes|hours|days)`, or `cron(<minutes> <hours> <day of month> <month> <day of "
        "week> <year>)`"
    )
    time_zone: TimeZone = Field(default="UTC", description="time zone, by its IANA name, that the expression is in")
