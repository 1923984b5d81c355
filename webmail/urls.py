"""Addresses of the webmail."""

from django.urls import include, path, register_converter

from .folder_names import FolderName
from .views import actions, compose, explain, mailbox, message, search, session, settings

register_converter(FolderName, "folder")

urlpatterns = [
    path("", session.home, name="home"),
    path("login", session.sign_in, name="login"),
    path("logout", session.sign_out, name="logout"),
    path("settings", settings.show, name="settings"),
    path("settings/", include("webmail.settings_urls")),
    path("compose", compose.write, name="compose"),
    path("compose/draft", compose.save_draft, name="compose-draft"),
    path("compose/discard", compose.discard, name="compose-discard"),
    path("mail/", session.home, name="mail"),
    path("mail/tree", mailbox.tree, name="tree"),
    path("mail/search", search.search, name="search"),
    path("mail/act", actions.act, name="act"),
    path("mail/folders", actions.make_folder, name="make-folder"),
    path("mail/<folder:folder>/", mailbox.show, name="folder"),
    path("mail/<folder:folder>/<int:uid>/", message.show, name="message"),
    path("mail/<folder:folder>/<int:uid>/body", message.body, name="body"),
    path("mail/<folder:folder>/<int:uid>/source", message.source, name="source"),
    path("mail/<folder:folder>/<int:uid>/part/<int:number>", message.part, name="part"),
    path("mail/<folder:folder>/<int:uid>/explain", explain.show, name="explain"),
]
