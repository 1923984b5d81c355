"""SMTP, submission and LMTP as values and state machines: bytes in, bytes out.

Never opens a socket, waits, or touches the database (RFC 5321, RFC 6409, RFC 2033).
"""
