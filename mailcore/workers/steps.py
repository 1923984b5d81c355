"""Two roles a Celery worker can take on: `--front` hosts the listeners, `--ring` is the clock.

The front runs on a `-P solo` node whose queue holds no long task: a prefork pool would inherit the listening
sockets, and a stop waits for the running task.
"""

from typing import Any, ClassVar

from celery import bootsteps
from celery.beat import EmbeddedService
from click import Option
from django.conf import settings

from config.celery import app

from .children import Children
from .sockets import bind


class Listeners(bootsteps.StartStopStep):  # type: ignore[misc]
    requires: ClassVar = {"celery.worker.components:Pool"}

    def __init__(self, parent: Any, front: bool = False, **options: Any) -> None:
        self.enabled = front
        self._children: Children | None = None
        super().__init__(parent, **options)

    def include_if(self, parent: Any) -> bool:
        return self.enabled

    def start(self, parent: Any) -> None:
        environment = settings.FACTEUR
        self._children = Children(bind(environment), max(1, environment.front_processes))
        self._children.start()

    def stop(self, parent: Any) -> None:
        if self._children is not None:
            self._children.stop()
            self._children = None

    terminate = stop


class Clock(bootsteps.StartStopStep):  # type: ignore[misc]
    """Beat in a thread: only rings, so a second clock on another machine does no harm."""

    requires: ClassVar = {"celery.worker.components:Pool"}

    def __init__(self, parent: Any, ring: bool = False, **options: Any) -> None:
        self.enabled = ring
        self._service: Any = None
        super().__init__(parent, **options)

    def include_if(self, parent: Any) -> bool:
        return self.enabled

    def start(self, parent: Any) -> None:
        self._service = EmbeddedService(app, thread=True)
        self._service.start()

    def stop(self, parent: Any) -> None:
        if self._service is not None:
            self._service.stop()
            self._service = None

    terminate = stop


def install() -> None:
    app.user_options["worker"].add(Option(["--front"], is_flag=True, help="Host the SMTP, IMAP and POP3 listeners."))
    app.user_options["worker"].add(Option(["--ring"], is_flag=True, help="Ring for due deliveries every few seconds."))
    app.steps["worker"].add(Listeners)
    app.steps["worker"].add(Clock)
