"""What workers do when the bell rings. A task carries nothing: it looks for work in the rows."""

import os
import socket
import time

from config.celery import app
from mailcore.delivery import drain, reaping
from mailcore.store.search.indexing import index_pending

BATCH = 200
ROUNDS = 500
"""After so many batches the worker looks at its other tasks; beat rings again."""
_OWNER = f"{socket.gethostname()}:{os.getpid()}"


@app.task  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Deliver whatever is due, until nothing is."""
    for _ in range(ROUNDS):
        if not drain.drain(owner=_OWNER, limit=BATCH):
            return


@app.task  # type: ignore[untyped-decorator]
def index() -> None:
    """Make new messages searchable."""
    index_pending()


@app.task  # type: ignore[untyped-decorator]
def reap() -> None:
    """Forget what is finished and old."""
    reaping.reap(now=int(time.time()))
    reaping.forget_journeys(now=int(time.time()))
