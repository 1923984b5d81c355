"""What every process counts, for Prometheus. Counting costs microseconds and never fails a delivery.

Each process keeps its counts in files of `run/metrics` in the data folder; `servers.exposition`
adds them up. What can be read from rows (the queue, storage) is not counted here.
"""

import os

from django.conf import settings

_folder = settings.FACTEUR.data / "run" / "metrics"
_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
# The library reads it while it is loaded, and gives each process a file of its own.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_folder)

from prometheus_client import Counter, Gauge  # noqa: E402

FOLDER = _folder
accepted = Counter("facteur_messages_accepted", "Messages kept and answered with 250", ["source"])
outcomes = Counter("facteur_delivery_attempts", "Attempts to deliver to one recipient, by what became of them", ["verdict"])
refusals = Counter("facteur_refusals", "SMTP questions answered with a no, by where and why", ["stage", "reason"])
logins = Counter("facteur_logins", "Logins by service and result", ["service", "result"])
sessions = Gauge("facteur_sessions", "Open sessions", ["listener"], multiprocess_mode="livesum")
connections = Counter("facteur_connections", "Connections taken", ["listener"])
turned_away = Counter("facteur_connections_refused", "Connections that were one too many", ["listener"])
