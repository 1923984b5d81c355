"""The panel and the API as a Django app. It has no tables: the core keeps everything."""

from django.apps import AppConfig


class AdminPanelConfig(AppConfig):
    name = "admin_panel"
    label = "admin_panel"
