"""Terraform of deployed environments with a provider that is kept, whatever starts it (local_aws/trials/)."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local_aws.trials.kept_provider import REATTACH, kept_provider


@contextmanager
def kept_providers(
    local: Path, names: Iterable[str], folder: Path, variables: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """A PATH whose `terraform`, in an environment's stack below `local`, which `make local` has written, has the
    environment's own provider; anywhere else, and where the variable is given as an empty one, it starts one."""
    terraform = shutil.which("terraform")
    assert terraform is not None
    cases = []
    with ExitStack() as until_the_end:
        for name in names:
            sourced = f". {shlex.quote(str(local / f'{name}.env'))} && exec env -0"
            printed = subprocess.check_output(["/bin/sh", "-c", sourced], env=dict(variables), text=True)
            own = dict(item.split("=", 1) for item in printed.split("\0") if item)
            stack = local / name / "cdktf.out/stacks" / name
            told = until_the_end.enter_context(kept_provider(stack, own))[REATTACH]
            place = shlex.quote(str(stack.resolve()))
            # In its folder, or told to go there by -chdir.
            cases.append(f'{place}" "* | *={place}" ") kept={shlex.quote(told)} ;;')
        folder.mkdir()
        made = folder / "terraform"
        made.write_text(
            "\n".join(
                [
                    "#!/bin/sh",
                    "kept=",
                    'case "$(pwd -P) $1 " in',
                    *cases,
                    "esac",
                    f'export {REATTACH}="${{{REATTACH}-$kept}}"',
                    f'exec {shlex.quote(terraform)} "$@"',
                    "",
                ]
            )
        )
        made.chmod(0o755)
        yield f"{folder}{os.pathsep}{variables['PATH']}"
