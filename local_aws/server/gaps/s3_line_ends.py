"""Gap: moto finds no way to an object whose key has a line end in it, and answers 404 to whatever is asked of it.

S3 takes any of Unicode's characters, and the aws command line, boto3 and S3's console upload such files as they are.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
"""

from typing import Any

from moto.moto_server.utilities import RegexConverter


def fill() -> None:
    make = RegexConverter.__init__

    def make_for_all_characters(self: RegexConverter, url_map: Any, *items: Any) -> None:  # noqa: ANN401
        make(self, url_map, *items)
        self.regex = f"(?s:{self.regex})"

    RegexConverter.__init__ = make_for_all_characters
