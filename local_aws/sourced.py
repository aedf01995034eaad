"""The file that a shell sources to work with one environment on the local AWS, and the way back."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from local_aws import private_file
from local_aws.server.process import LocalAwsError
from stacks.sourced_shell import ENVIRONMENT_VARIABLE

# For any POSIX shell and zsh, with `set -eu` or without; a value may have several lines. What was there before is
# kept in a variable that is not exported: it may hold the keys of an account, which no command here shall see.
TEMPLATE = r"""# Written by make local. For: . {path}
# local_off takes it back, as does sourcing this file again or another environment's.
if [ -n "${{{environment_variable}-}}" ]; then
  # The shell that started this one has sourced it, where there is no function.
  if command -v local_off >/dev/null; then local_off; else unset -v {names}; fi
fi
LOCAL_AWS_BEFORE=$(
  {{
    printf '%s\n' {names}
    env | LC_ALL=C sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p'
  }} | sort -u | while IFS= read -r name; do
    printf 'unset -v %s\n' "$name"
    if eval "[ -n \"\${{$name+set}}\" ]"; then
      printf '%s=' "$name"
      eval "printf '%s\n' \"\${{$name}}\"" | LC_ALL=C sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"
      if sh -c "[ -n \"\${{$name+set}}\" ]"; then printf 'export %s\n' "$name"; fi
    fi
  done
)
local_off() {{
  eval "$LOCAL_AWS_BEFORE"
  unset -v LOCAL_AWS_BEFORE
  if [ -n "$LOCAL_AWS_PATH" ]; then
    case ":$PATH:" in *":$LOCAL_AWS_PATH:"*)
      PATH=:$PATH:
      PATH=${{PATH%%":$LOCAL_AWS_PATH:"*}}:${{PATH#*":$LOCAL_AWS_PATH:"}}
      PATH=${{PATH#:}}
      PATH=${{PATH%:}}
    esac
  fi
  unset -v LOCAL_AWS_PATH
  unset -f local_off
}}
eval "$(env | LC_ALL=C sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/unset -v \1/p')"
{exports}
case "$PATH:" in
  {path_entry}:*) LOCAL_AWS_PATH=${{LOCAL_AWS_PATH-}} ;;
  *) LOCAL_AWS_PATH={path_entry} PATH={path_entry}:$PATH ;;
esac
export LOCAL_AWS_PATH PATH
"""


def write(path: Path, variables: Mapping[str, str], *, path_entry: Path) -> None:
    """Forgets every AWS variable there is, sets these, puts `path_entry` first; defines `local_off`.

    Raises LocalAwsError where the file cannot be written.
    """
    text = TEMPLATE.format(
        path=shlex.quote(str(path)).replace("\n", " "),
        environment_variable=ENVIRONMENT_VARIABLE,
        names=" ".join(sorted(variables)),
        exports="\n".join(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())),
        path_entry=shlex.quote(str(path_entry)),
    )
    try:
        private_file.write(path, text)
    except OSError as error:
        raise LocalAwsError(f"{path}: {error.strerror}: must be a file that can be written") from error
