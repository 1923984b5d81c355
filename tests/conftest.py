"""Each run, and each worker of a run, has a data folder of its own that goes with it."""

import os
import shutil
import tempfile
from pathlib import Path

_DATA = Path(tempfile.mkdtemp(prefix="facteur-test-"))
os.environ["FACTEUR_DATA"] = str(_DATA)
os.environ.setdefault("FACTEUR_HOSTNAME", "mx.facteur.test")


def pytest_unconfigure() -> None:
    shutil.rmtree(_DATA, ignore_errors=True)
