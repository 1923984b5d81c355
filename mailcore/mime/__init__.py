"""One message as bytes: headers, structure with byte offsets, text, and what IMAP says of it.

Own scanner over the raw bytes (RFC 5322, RFC 2045–2049, RFC 2231). Nothing here raises on
any input, whatever the bytes; only `building`, which writes messages, refuses bad values.
"""
