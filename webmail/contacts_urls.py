"""/contacts"""

from django.urls import path

from .views import contacts

urlpatterns = [
    path("", contacts.index, name="contacts"),
    path("/new", contacts.edit, name="new-contact"),
    path("/<int:contact_id>", contacts.edit, name="contact"),
    path("/<int:contact_id>/photo", contacts.photo, name="contact-photo"),
    path("/act", contacts.act, name="contacts-act"),
    path("/arrange", contacts.arrange, name="contacts-arrange"),
    path("/import", contacts.bring, name="contacts-import"),
    path("/export", contacts.take, name="contacts-export"),
    path("/duplicates", contacts.duplicates, name="contacts-duplicates"),
    path("/collected", contacts.collected, name="collected"),
]
