"""The notebooks as they are committed."""

import json
import re

import pytest

from settings.lifecycle_scripts import FILLED_IN
from settings.notebook_delivery import NotebookDeliverySettings
from stacks.environments import ROOT
from tests.support.kernel import committed

NAMES = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_committed_without_what_a_run_leaves_in_it(name: str) -> None:
    notebook = committed(name)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells
    assert not [cell.source for cell in cells if cell.outputs or cell.execution_count is not None or cell.metadata]
    assert {*notebook.metadata} == {"kernelspec", "language_info"}


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_written_as_jupyter_writes_it(name: str) -> None:
    """So that a change of a cell is no change of the whole file."""
    text = (ROOT / "notebooks" / name).read_text()
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_has_no_placeholder_that_nobody_fills_in(name: str) -> None:
    found = re.findall("<[A-Z_]+>", "".join(cell.source for cell in committed(name).cells))
    assert "<DATA_BUCKET>" in found
    assert {*found} <= {*FILLED_IN, *NotebookDeliverySettings().checked().placeholders}


@pytest.mark.parametrize("name", NAMES)
def test_a_learner_is_told_why_before_each_cell_of_code(name: str) -> None:
    kinds = "".join(cell.cell_type[0] for cell in committed(name).cells)
    assert kinds.startswith("m")
    assert "cc" not in kinds
