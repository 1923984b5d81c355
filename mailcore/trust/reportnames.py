"""The addresses that reports about a domain of ours are sent to. Pure."""

DMARC = "dmarc-reports"
TLS = "tls-reports"
NAMES = frozenset({DMARC, TLS})
