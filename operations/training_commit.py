"""The commit that has the code which a model was trained with: found by its digest, as a deploy computes it."""

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from settings.training_files import LEFT_OUT_AT_THE_TOP, code_digest

# Each is unpacked, some hundredths of a second: what is older is not looked for.
COMMITS_MAX_COUNT = 200


def commit_of(root: Path, source: str, digest: str) -> tuple[str | None, str]:
    """Of the folder `source` of the project: the newest commit that HEAD comes from and that has the code.

    None, and why, where there is none.
    """
    try:
        shown = _git(root, "log", f"--max-count={COMMITS_MAX_COUNT}", "--format=%H", "HEAD", "--", source)
        commits = shown.decode().split()
        for commit in commits:
            if _digest_of(root, commit, source) == digest:
                return commit, ""
    except FileNotFoundError:
        return None, "there is no git"
    except subprocess.CalledProcessError as error:
        return None, f"git says: {' '.join(error.stderr.decode(errors='backslashreplace').split())}"
    looked = f"none of the newest {len(commits)} commits" if len(commits) == COMMITS_MAX_COUNT else "no commit"
    return None, f"{looked} of {source} has the code of digest {digest}"


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True).stdout


def _digest_of(root: Path, commit: str, source: str) -> str | None:
    """By the files as a checkout of the commit has them; None where it has no such folder.

    https://git-scm.com/docs/git-archive
    """
    if not _git(root, "ls-tree", "--name-only", commit, "--", f"{source}/"):
        return None
    left_out = [f":(exclude){source}/{name}" for name in LEFT_OUT_AT_THE_TOP]
    archive = _git(root, "archive", "--format=tar", commit, "--", source, *left_out)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            path = Path(folder, member.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if member.issym():  # one that leads out of the project is a problem of the code
                path.symlink_to(member.linkname)
            elif member.isfile() and (content := files.extractfile(member)) is not None:
                path.write_bytes(content.read())
        return code_digest(Path(folder), source)
