"""Django's sessions in the database, read by a query whose SQL is made once."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from mailcore.prepared import Prepared

_SESSIONS = Prepared(lambda key: Session.objects.filter(session_key=key), "session-key")


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Any:
        found = _SESSIONS.first(self.session_key or "")
        if found is not None and found.expire_date > timezone.now():
            return found
        return super()._get_session_from_db()  # does what is done without a session
