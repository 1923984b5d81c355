"""Bytes of the SMTP dialogue to frozen values and back (RFC 5321 §4)."""
