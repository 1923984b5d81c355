"""SPF: may this address send for this domain? RFC 7208."""

from .evaluation import Sender, Verdict, check

__all__ = ["Sender", "Verdict", "check"]
