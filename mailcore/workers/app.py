"""What `celery -A mailcore.workers.app worker` loads: the application with its roles."""

from config.celery import app

from .steps import install

install()

__all__ = ["app"]
