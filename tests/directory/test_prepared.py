"""Querysets whose SQL is made once answer as those that are made anew."""

import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from directory.cast import Cast
from mailcore.directory.models import Domain, Mailbox, User
from mailcore.prepared import Prepared

pytestmark = pytest.mark.django_db


def test_rows_of_models_are_whole(cast: Cast) -> None:
    user, address = cast.ann.user, str(cast.ann.address)
    prepared = Prepared(lambda id: User.objects.select_related("mailbox__address__domain").filter(id=id), -7919)
    with CaptureQueriesContext(connection) as queries:
        found = prepared.first(user.id)
        assert found == user
        assert (found.is_active, found.created_at, found.role) == (user.is_active, user.created_at, user.role)
        assert found.mailbox == cast.ann
        assert str(found.mailbox.address) == address
        assert found.mailbox.address.domain.is_active is True
    assert len(queries) == 1


def test_a_user_without_a_mailbox_has_none() -> None:
    user = User.objects.create(login="root")
    found = Prepared(lambda id: User.objects.select_related("mailbox").filter(id=id), -7919).first(user.id)
    assert found is not None
    with pytest.raises(Mailbox.DoesNotExist):
        assert found.mailbox


def test_values_keep_their_places_and_their_types() -> None:
    for name in ("b.test", "a.test"):
        Domain.objects.create(name=name)
    prepared = Prepared(
        lambda active, name: Domain.objects.filter(name__gt=name, id__gt=active).order_by("name").values_list("name", "is_active"),
        -7919, "a name",
    )  # fmt: skip
    assert prepared.list(0, "") == [("a.test", True), ("b.test", True)]
    assert prepared.list(0, "a.test") == [("b.test", True)]
    assert prepared.first(0, "z") is None


def test_what_cannot_be_prepared_is_refused() -> None:
    with pytest.raises(ValueError, match="not a parameter"):
        Prepared(lambda id: Domain.objects.filter(id__gt=5), -7919).list(1)
    with pytest.raises(ValueError, match="neither"):
        Prepared(lambda id: Domain.objects.filter(id=id).values("name").annotate(n=Count("id")), -7919).list(1)
