"""Folders of other mailboxes: who may do what in them (RFC 4314), under which names they are seen, and how they are opened."""
