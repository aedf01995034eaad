"""Hands out the bucket's notebooks: deliver_notebooks.py <settings.json> <folder>. Nobody's work is overwritten.

.delivered.json in the folder has the version of each that was handed out, the digests of all that was, and what of the
bucket was seen, which is not downloaded again. What is being replaced is in .delivering-notebooks/was, whence it comes
back, should a start be cut off.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 10, 60, 3
ENVS = Path("/home/ec2-user/anaconda3/envs")


def say(line: str) -> None:
    """Where it can be said: nothing depends on it."""
    with suppress(OSError):
        print(line)


def run(*command: object) -> str:
    done = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr.strip() or f"ended with {done.returncode}").splitlines()
        raise OSError(next((line for line in lines[::-1] if "Error: " in line), lines[-1]))
    return done.stdout


def aws(*command: object) -> str:
    return run("aws", "--cli-connect-timeout", CONNECT_SECONDS, "--cli-read-timeout", READ_SECONDS, *command)


def digest(path: Path) -> str:
    """Nothing of what is no file, or cannot be read."""
    with suppress(OSError):
        if path.is_file() and not path.is_symlink():
            return hashlib.sha256(path.read_bytes()).hexdigest()
    return ""


def link(path: Path, place: Path) -> bool:
    """Replaces nothing."""
    with suppress(FileExistsError):
        os.link(path, place)
        return True
    return False


def sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)


def write(path: Path, value: Any) -> None:
    """As Jupyter does."""
    path.write_bytes(json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n")
    sync(path)


def deliver(settings: Any, folder: Path, hidden: Path) -> None:
    source, values, kept = f"s3://{settings['bucket']}/notebooks/", settings["placeholders"], folder / ".delivered.json"
    longest_first = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
    filled = json.dumps(values, sort_keys=True).encode()
    state: Any = {}
    try:
        found = json.loads(kept.read_bytes() if kept.is_file() else "") if os.path.lexists(kept) else {}
        for name, record in found.items():
            # Of texts alone.
            "".join([name, record["version"], *record["handed_out"]]).encode()
            state[name] = {**record, "handed_out": [*filter(None, record["handed_out"])]}
    except Exception as error:
        state = {}
        say(f"{kept} cannot be read, so what is there counts as edited: {error!r}")

    def fill_in(text: str) -> str:
        return re.sub(longest_first, lambda found: values[found[0]], text)

    def save() -> None:
        write(hidden / "new.state", state)
        (hidden / "new.state").replace(kept)
        sync(folder)

    def beside(name: str, what: str, version: str) -> Path:
        # A name has 255 bytes at most.
        return folder / f"{name[:-6].encode()[:225].decode(errors='ignore')}.{what}-{version[:8]}.ipynb"

    def put_back(was: Path) -> None:
        """What was handed out gives way to what is there by now; what somebody made is kept beside it."""
        name, found = was.name, digest(was)
        known = state[name]["handed_out"] if name in state else ()
        places = folder / name, beside(name, "saved", found)
        if not any(link(was, place) or (found and found in (*known, digest(place))) for place in places):
            raise FileExistsError(f"{was} cannot be put back")
        sync(folder)
        was.unlink()

    def bring(name: str) -> None:
        new, target = hidden / "new.ipynb", folder / name
        # It may be in the folder by now, under its name.
        new.unlink(missing_ok=True)
        aws("s3", "cp", "--only-show-errors", source + name, new)
        version = hashlib.sha256(new.read_bytes() + filled).hexdigest()
        record = state.setdefault(name, {"version": "", "handed_out": []})
        if record["version"] == version:
            record["seen"] = seen[name]
            save()
            return
        envs = [str(path) for env in ("JupyterSystemEnv", "python3", "*") for path in ENVS.glob(f"{env}/bin/jupyter")]
        run(*envs[:1] or ["jupyter"], "nbconvert", "--clear-output", "--inplace", new)
        notebook = json.loads(new.read_bytes())
        for cell in notebook["cells"]:
            cell["source"] = fill_in("".join(cell["source"])).splitlines(keepends=True)
        write(new, notebook)
        # Before it is there: should this start be cut off, the next one knows that it is nobody's work.
        known, fresh, there = {*record["handed_out"]}, digest(new), digest(target)
        record["handed_out"] = sorted({*known, fresh})
        save()
        if there != fresh:
            how = "brought"
            if there in known:
                how, was = "replaced by the new version", target.replace(hidden / "was" / name)
                # Again, where no save reaches it: an earlier one is in it, a later one makes another file.
                try:
                    done = digest(was) in known and link(new, target)
                finally:
                    put_back(was)
            else:
                done = link(new, target)
            if not done:
                place = beside(name, "new-version", version)
                link(new, place)
                how = f"not as it was handed out, so it stays; the new version is {place.name!r}"
            say(f"{name!r}: {how}")
        sync(folder)
        record.update(version=version, seen=seen[name])
        save()

    for was in hidden.glob("was/*"):
        put_back(was)
    command = ("s3api", "list-objects-v2", "--output", "json", "--query", "Contents[].[Key,Size,ETag]")
    listed = aws(*command, "--bucket", settings["bucket"], "--prefix", "notebooks/")
    sizes, seen = {}, {}
    for key, size, etag in json.loads(listed or "null") or []:
        name = key[len("notebooks/") :]
        if "/" not in name and any(fnmatchcase(name, pattern) for pattern in settings["patterns"]):
            sizes[name], seen[name] = size, hashlib.sha256(etag.encode() + filled).hexdigest()
    if not sizes:
        say(f"nothing in {source} matches {settings['patterns']}")
    # Small before big: should this start be cut off, the next one goes on behind what has come.
    names = [
        name for name in sorted(sizes, key=lambda name: sizes[name]) if state.get(name, {}).get("seen") != seen[name]
    ]
    free = shutil.disk_usage(folder).free
    for name in names:
        if sizes[name] > free:
            say(f"{name!r}: the disk is full: {sizes[name]} bytes are needed, {free} left")
    for name in names:
        try:
            if sizes[name] <= free:
                bring(name)
        except Exception as error:
            say(f"{name!r}: cannot be brought: {' '.join(str(error).split())}")


def main(settings_file: str, folder: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("it took too long: the rest is brought at the next start"))
    settings = json.loads(Path(settings_file).read_bytes())
    os.environ.update(AWS_DEFAULT_REGION=settings["region"], AWS_PAGER="", AWS_MAX_ATTEMPTS=str(ATTEMPTS))
    # With the role that it was given, whatever `aws configure`, `pip install --user` or nbconvert was told.
    os.environ.update(dict.fromkeys(("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"), "/dev/null"), HOME="/tmp")
    # Another start may still be at it.
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    hidden = Path(folder, ".delivering-notebooks")
    (hidden / "was").mkdir(parents=True, exist_ok=True)

    def clear() -> None:
        for left in hidden.glob("new.*"):
            left.unlink()

    # Of a start that was cut off.
    clear()
    try:
        deliver(settings, Path(folder), hidden)
    finally:
        clear()
        # Not where something could not be put back.
        with suppress(OSError):
            (hidden / "was").rmdir()
            hidden.rmdir()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:
        say(f"no notebook is brought: {error}")
