"""Addresses of the webmail."""

from django.urls import include, path, register_converter

from .folder_names import FolderName
from .views import actions, compose, explain, files, folders, labels, lists, mailbox, message, pictures, search, session, settings, space

register_converter(FolderName, "folder")

urlpatterns = [
    path("", session.home, name="home"),
    path("login", session.sign_in, name="login"),
    path("logout", session.sign_out, name="logout"),
    path("settings", settings.show, name="settings"),
    path("settings/", include("webmail.settings_urls")),
    path("compose", compose.write, name="compose"),
    path("picture/<str:token>", pictures.picture, name="picture"),
    path("mail/", session.home, name="mail"),
    path("mail/tree", mailbox.tree, name="tree"),
    path("mail/layout", mailbox.set_layout, name="set-layout"),
    path("mail/search", search.search, name="search"),
    path("mail/search/save", search.save, name="save-search"),
    path("mail/search/forget", search.forget, name="forget-search"),
    path("mail/act", actions.act, name="act"),
    path("mail/act/<int:job_id>", actions.progress, name="progress"),
    path("mail/folders", folders.index, name="folders"),
    path("mail/labels", labels.index, name="labels"),
    path("mail/space", space.show, name="space"),
    path("mail/<folder:folder>/", mailbox.show, name="folder"),
    path("mail/<folder:folder>/properties", folders.properties, name="folder-properties"),
    path("mail/<folder:folder>/rename", folders.rename, name="folder-rename"),
    path("mail/<folder:folder>/delete", folders.remove, name="folder-delete"),
    path("mail/<folder:folder>/empty", folders.empty, name="folder-empty"),
    path("mail/<folder:folder>/subscribe", folders.set_subscribed, name="folder-subscribe"),
    path("mail/<folder:folder>/special", folders.set_special, name="folder-special"),
    path("mail/<folder:folder>/<int:uid>/", message.show, name="message"),
    path("mail/<folder:folder>/<int:uid>/card", message.card, name="card"),
    path("mail/<folder:folder>/<int:uid>/body", message.body, name="body"),
    path("mail/<folder:folder>/<int:uid>/trust", message.trust, name="trust"),
    path("mail/<folder:folder>/<int:uid>/source", files.source, name="source"),
    path("mail/<folder:folder>/<int:uid>/details", files.details, name="details"),
    path("mail/<folder:folder>/<int:uid>/print", files.printed, name="print"),
    path("mail/<folder:folder>/<int:uid>/zip", files.archive, name="zip"),
    path("mail/<folder:folder>/<int:uid>/part/<int:number>", files.part, name="part"),
    path("mail/<folder:folder>/<int:uid>/part/<int:number>/view", files.view, name="part-view"),
    path("mail/<folder:folder>/<int:uid>/part/<int:number>/strip", files.strip_part, name="part-strip"),
    path("mail/<folder:folder>/<int:uid>/list", lists.show, name="list"),
    path("mail/<folder:folder>/<int:uid>/explain", explain.show, name="explain"),
]
