"""What the pages remember of a person beside the mail itself. One module a concept; the rules are elsewhere."""

from .contacts import Book, Contact, ContactAddress, Correspondent, Group
from .drafts import Draft, Outgoing
from .identities import Identity, LetterTemplate
from .jobs import Job
from .organising import FolderView, Label, SavedSearch, Silence, Snooze, TrustedSender, Watermark
from .preferences import Preference, PreferenceRule
from .sessions import WebSession
from .targets import ForwardTarget

__all__ = [
    "Book",
    "Contact",
    "ContactAddress",
    "Correspondent",
    "Draft",
    "FolderView",
    "ForwardTarget",
    "Group",
    "Identity",
    "Job",
    "Label",
    "LetterTemplate",
    "Outgoing",
    "Preference",
    "PreferenceRule",
    "SavedSearch",
    "Silence",
    "Snooze",
    "TrustedSender",
    "Watermark",
    "WebSession",
]
