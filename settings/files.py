"""Files that people give, read so that whatever is wrong with one is words for its problem."""

import os
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class UnreadableError(Exception):
    """Why a file cannot be read, in a few words."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Raises UnreadableError, also where reading fails midway. Waits for no pipe and reads no device."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise UnreadableError("a folder" if stat.S_ISDIR(mode) else "not a regular file")
        file = path.open("rb")
    except FileNotFoundError:
        raise UnreadableError("missing") from None
    except OSError as error:
        raise UnreadableError(os.strerror(error.errno or 0)) from None
    except ValueError:  # pathlib's, of a NUL
        raise UnreadableError("not a name that a file can have") from None
    with file:
        try:
            yield file
        except OSError as error:
            raise UnreadableError(os.strerror(error.errno or 0)) from None


def listed(folder: Path) -> list[Path]:
    """What is in a folder, in the order of the names. Raises UnreadableError."""
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        raise UnreadableError("missing") from None
    except OSError as error:
        raise UnreadableError(os.strerror(error.errno or 0)) from None


def name_problem(name: str) -> str | None:
    """What is wrong with a file's name for Terraform, which writes text in composed characters, and for S3's keys.

    https://developer.hashicorp.com/terraform/language/expressions/types#string
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    """
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "must have a name in UTF-8"
    if not name.isprintable():
        return "must have a name without control characters"
    if not unicodedata.is_normalized("NFC", name):
        return "must have a name in composed characters (Unicode's NFC), as Terraform looks for that"
    return None
