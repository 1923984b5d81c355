"""`manage.py flush` empties a database without a journal, and says plainly that it does not empty one."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from mailcore.archive.models import Record
from mailcore.directory import domains
from mailcore.directory.models import Domain
from mailcore.store import blobs


@pytest.mark.django_db(transaction=True)
def test_without_a_journal_it_is_emptied() -> None:
    domains.create(name="example.test")
    call_command("flush", interactive=False, verbosity=0)
    assert not Domain.objects.exists()


def test_with_a_journal_nothing_is_removed_and_the_way_out_is_named(db: None) -> None:
    domains.create(name="example.test")
    Record.objects.create(
        domain="example.test", seq=1, previous=b"", digest=b"d", at=1, trace_id="t", source="smtp", recipients="x@example.test",
        size=1, blob_digest=b"b", blob_id=blobs.put(b"Subject: kept\r\n\r\n"),
    )  # fmt: skip
    with pytest.raises(CommandError, match=r"Nothing was removed.*FACTEUR_DATA"):
        call_command("flush", interactive=False, verbosity=0)
    assert Domain.objects.filter(name="example.test").exists()
