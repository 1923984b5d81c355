"""The archive as a Django app."""

from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "mailcore.archive"
    label = "archive"
    default_auto_field = "django.db.models.BigAutoField"
