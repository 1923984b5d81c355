"""Filtering as a Django app."""

from django.apps import AppConfig


class FilteringConfig(AppConfig):
    name = "mailcore.filtering"
    label = "filtering"
    default_auto_field = "django.db.models.BigAutoField"
