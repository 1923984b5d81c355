"""POP3 as bytes in, bytes out (RFC 1939, 2449, 2595, 3206, 5034). Knows no socket and no database."""
