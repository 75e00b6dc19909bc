"""What all tests share: the profiles of hypothesis, and the real data that lie beside the repository."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=60, print_blob=True)
settings.register_profile("dev", deadline=None, max_examples=60)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

REPOSITORY = Path(__file__).resolve().parents[1]
# ``python -m pytest`` adds the folder that it is called in: then tests would be modules that anybody can import
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != REPOSITORY]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def real_patch_path() -> Path:
    """A real place in Slovenia, 68 Sentinel-2 dates; see the README in its folder."""
    path = REPOSITORY.parent / "shared/data/eolearn/example_data/TestEOPatch"
    if not path.is_dir():
        pytest.skip("needs the real patch in ../shared/data/eolearn")
    return path
