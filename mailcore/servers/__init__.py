"""Listeners: sockets, TLS and timeouts around the protocol rooms. No rule about mail lives here."""
