"""A notebook of the project in a real kernel, as a person runs it, and what it asks AWS for."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from stacks.environments import ROOT

CELL_TIMEOUT_SECONDS = 120
# Run before the first cell. boto3's sessions are botocore's, each of which calls this when it is made.
# https://botocore.amazonaws.com/v1/documentation/api/latest/topics/events.html
RECORD = """
def record_calls(path):
    import botocore, json
    def record(params, model, **_):
        asked = {name: value for name, value in params.items() if not isinstance(value, bytes)}
        with open(path, "a") as file:
            print(json.dumps([model.service_model.service_name, model.name, asked]), file=file)
    botocore.register_initializer(lambda session: session.register("provide-client-params", record))
record_calls(%r)
"""


def read(path: Path) -> Any:
    """Checked against the format: https://nbformat.readthedocs.io/en/latest/format_description.html"""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def committed(name: str) -> Any:
    return read(ROOT / "notebooks" / name)


@dataclass(frozen=True, kw_only=True)
class Call:
    """`service` and `operation` in botocore's names; `asked` without the bytes that were sent."""

    service: str
    operation: str
    asked: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """What ran is in `notebook`."""

    notebook: Any
    client: NotebookClient
    record: Path

    def run(self, index: int) -> Any:
        """The cell with what it showed. Raises nbclient.exceptions.CellExecutionError."""
        return self.client.execute_cell(self.notebook.cells[index], index)

    def run_all(self) -> None:
        for index in range(len(self.notebook.cells)):
            self.run(index)

    def run_again(self, part: str) -> str:
        """The one cell that has it in its code, once more: what it prints."""
        [index] = [
            index
            for index, cell in enumerate(self.notebook.cells)
            if cell.cell_type == "code" and part in cell.source and not cell.metadata.get("added")
        ]
        return printed(self.run(index))

    def add(self, code: str) -> str:
        """A cell at the end: what it prints."""
        self.notebook.cells.append(nbformat.v4.new_code_cell(code, metadata={"added": True}))
        return printed(self.run(len(self.notebook.cells) - 1))

    @property
    def calls(self) -> list[Call]:
        lines = map(json.loads, self.record.read_text().splitlines())
        return [Call(service=service, operation=operation, asked=asked) for service, operation, asked in lines]


@contextmanager
def kernel(notebook: Any, variables: Mapping[str, str], folder: Path) -> Iterator[Kernel]:
    """Python's, with these environment variables only; it works in the folder."""
    client = NotebookClient(notebook, timeout=CELL_TIMEOUT_SECONDS, kernel_name="python3", record_timing=False)
    made = Kernel(notebook=notebook, client=client, record=folder / "calls.jsonl")
    own = {"IPYTHONDIR": str(folder / "ipython"), **variables}
    with client.setup_kernel(cwd=str(folder), env=own):
        made.add(RECORD % str(made.record))
        notebook.cells.pop()
        yield made


def printed(cell: Any) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def pictures(notebook: Any) -> list[str]:
    """Each PNG in base64, in their order."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
