"""/lists/: the public pages of mailing lists."""

from django.urls import path

from .views import subscribing

urlpatterns = [
    path("<str:address>/", subscribing.show, name="public-list"),
    path("<str:address>/confirm/<str:token>", subscribing.confirm, name="public-list-confirm"),
    path("<str:address>/leave/<str:token>", subscribing.leave, name="public-list-leave"),
    path("<str:address>/held/<str:token>", subscribing.held, name="public-list-held"),
]
