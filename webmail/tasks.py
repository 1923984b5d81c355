"""What the pages leave to workers. A task carries nothing: it looks for work in the rows."""

from django.utils import timezone

from config.celery import app

from . import drafting, jobs, recalling, silencing, snoozing

SECONDS = 20.0


@app.task  # type: ignore[untyped-decorator]
def tidy() -> None:
    """Go on with long jobs, wake what is due, file away what is silenced and what has left."""
    jobs.work_off_all(seconds=SECONDS)
    snoozing.wake_due(timezone.now())
    silencing.file_away_all()
    recalling.file_departed_all()
    drafting.forget_old()
