"""The history as a Django app."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    name = "mailcore.history"
    label = "history"
    default_auto_field = "django.db.models.BigAutoField"
