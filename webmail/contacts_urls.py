"""/contacts"""

from django.urls import path

from .views import contacts

urlpatterns = [
    path("contacts", contacts.index, name="contacts"),
    path("contacts/new", contacts.edit, name="new-contact"),
    path("contacts/<int:contact_id>", contacts.edit, name="contact"),
    path("contacts/<int:contact_id>/photo", contacts.photo, name="contact-photo"),
    path("contacts/act", contacts.act, name="contacts-act"),
    path("contacts/arrange", contacts.arrange, name="contacts-arrange"),
    path("contacts/import", contacts.bring, name="contacts-import"),
    path("contacts/export", contacts.take, name="contacts-export"),
    path("contacts/duplicates", contacts.duplicates, name="contacts-duplicates"),
    path("contacts/collected", contacts.collected, name="collected"),
]
