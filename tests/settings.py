"""Settings of a test run: each worker has a data folder of its own, which goes with it.

A module of settings and not a conftest, because the settings are read before any conftest is.
"""

import atexit
import os
import shutil
import tempfile

_DATA = tempfile.mkdtemp(prefix="facteur-test-")
atexit.register(shutil.rmtree, _DATA, ignore_errors=True)
os.environ["FACTEUR_DATA"] = _DATA
os.environ["FACTEUR_HOSTNAME"] = "mx.facteur.test"
# Processes that tests start are the product's own, not a test run.
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

from config.settings import *  # noqa: E402, F403
