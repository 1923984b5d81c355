"""The directory as a Django app."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "mailcore.directory"
    label = "directory"
    default_auto_field = "django.db.models.BigAutoField"
