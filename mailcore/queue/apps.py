"""The queue as a Django app."""

from django.apps import AppConfig


class QueueConfig(AppConfig):
    name = "mailcore.queue"
    label = "queue"
    default_auto_field = "django.db.models.BigAutoField"
