"""A transaction without a flush of its own: seen at once, undone as a whole, and the rule holds again afterwards."""

import pytest
from django.db import connection, transaction

from mailcore.queue import commits
from mailcore.queue.models import Destination


def read_rule() -> str:
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous" if sqlite else "SHOW synchronous_commit")
        value = str(cursor.fetchone()[0])
    return {"1": "off", "2": "on"}.get(value, value)


@pytest.mark.django_db(transaction=True)
def test_the_rule_is_relaxed_inside_only() -> None:
    with commits.unflushed():
        Destination.objects.create(domain="far.test")
        inside = read_rule()
    assert (inside, read_rule()) == ("off", "on")
    assert Destination.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_fails_leaves_nothing_and_the_rule_as_it_was() -> None:
    with pytest.raises(RuntimeError), commits.unflushed():
        Destination.objects.create(domain="far.test")
        raise RuntimeError("no")
    assert (Destination.objects.count(), read_rule()) == (0, "on")


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_of_the_caller_its_rule_holds() -> None:
    with transaction.atomic(), commits.unflushed():
        assert read_rule() == "on"
