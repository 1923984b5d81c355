"""Bytes ↔ values of RFC 3501 §9 and its extensions. Nothing here knows a session or a store."""
