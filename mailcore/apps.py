"""The app that holds Facteur's management commands."""

from django.apps import AppConfig


class MailcoreConfig(AppConfig):
    name = "mailcore"
