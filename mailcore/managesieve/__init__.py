"""ManageSieve as bytes in, bytes out (RFC 5804). Knows no socket and no database."""
