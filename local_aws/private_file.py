"""Files that nobody but their owner may read."""

import os
import tempfile
from pathlib import Path

MODE = 0o600


def write(path: Path, text: str) -> None:
    """Replaces the file at once, with that mode from its first byte on, whatever the umask. Raises OSError."""
    descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "w") as file:  # noqa: PTH123 - a descriptor
            os.fchmod(file.fileno(), MODE)
            file.write(text)
        os.replace(partial, path)  # noqa: PTH105 - two names, as mkstemp and Path have them
    except BaseException:
        Path(partial).unlink()
        raise
