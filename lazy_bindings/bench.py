"""The synth benchmark: `python -m lazy_bindings.bench`, which `make bench` runs.

Measures in turn, round by round, because machines are noisy and only figures of one run can be compared: importing
cdktf and synthesizing three empty stacks (the floor), the app, and the app with the bindings loaded the ordinary way.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOOR = """
from lazy_bindings.install import use_pinned_node
use_pinned_node()
from cdktf import App, TerraformStack
app = App()
for name in ("dev", "staging", "prod"):
    TerraformStack(app, name)
app.synth()
"""
# main.py with the pinned Node and nothing else of install().
ORDINARY = """
import runpy
import lazy_bindings.install as lazy
lazy.install = lazy.use_pinned_node
runpy.run_path("main.py", run_name="__main__")
"""
CASES = {
    "import cdktf, three empty stacks": ["-c", FLOOR],
    "the app": ["main.py"],
    "the app, ordinary bindings": ["-c", ORDINARY],
}


def measure(arguments: list[str], output: Path) -> tuple[float, float]:
    """Seconds of wall clock, and the largest process's peak memory in MB."""
    # Warm means compiled: PYTHONDONTWRITEBYTECODE would have Python compile the app anew in each run.
    other = ("NODE_OPTIONS", "JSII_NODE", "PYTHONDONTWRITEBYTECODE")
    variables = {name: value for name, value in os.environ.items() if name not in other}
    started = time.perf_counter()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        variables | {"CDKTF_OUTDIR": str(output), "PYTHONPATH": str(ROOT)},
        file_actions=[(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    if status != 0:
        sys.exit(f"bench: python {' '.join(arguments)} failed: run it by itself to see why")
    return seconds, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    os.chdir(ROOT)
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for name, arguments in CASES.items():
                result = measure(arguments, Path(folder) / "cdktf.out")
                if number > 0:  # the first round warms the caches
                    measured[name].append(result)
    seconds = {name: [result[0] for result in results] for name, results in measured.items()}
    floor, _, ordinary = CASES
    print(f"Medians of {rounds} rounds, run in turn\n")
    print("| what | seconds | of ordinary | of three empty stacks | peak memory, largest process |")
    print("|---|---|---|---|---|")
    for name in CASES:
        ratios = [
            statistics.median(own / other for own, other in zip(seconds[name], seconds[base], strict=True))
            for base in (ordinary, floor)
        ]
        memory = max(result[1] for result in measured[name])
        print(
            f"| {name} | {statistics.median(seconds[name]):.2f} | {ratios[0]:.3f} | {ratios[1]:.2f} | {memory:.0f} MB |"
        )


if __name__ == "__main__":
    main()
