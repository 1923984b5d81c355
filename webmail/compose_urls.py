"""/compose"""

from django.urls import path

from .views import compose, scheduled

urlpatterns = [
    path("draft", compose.save_draft, name="compose-draft"),
    path("discard", compose.discard, name="compose-discard"),
    path("sheet", compose.sheet, name="compose-sheet"),
    path("people", compose.complete, name="compose-people"),
    path("messages", compose.find_messages, name="compose-messages"),
    path("strangers", compose.strangers, name="compose-strangers"),
    path("template/<int:template_id>", compose.template, name="compose-template"),
    path("cid/<str:key>/<str:cid>", compose.picture, name="compose-picture"),
    path("redirect/<folder:folder>/<int:uid>", compose.resend, name="redirect"),
    path("scheduled", scheduled.index, name="scheduled"),
    path("scheduled/<int:outgoing_id>/undo", scheduled.undo, name="undo-send"),
    path("scheduled/<int:outgoing_id>/now", scheduled.hurry, name="send-now"),
    path("scheduled/<int:outgoing_id>/when", scheduled.put_off, name="put-off"),
]
