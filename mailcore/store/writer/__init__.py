"""The one writer: every change to a mailbox is made here, in one transaction each.

A change allocates its UIDs and modseqs, writes the journal, and keeps counters and quota use
together with the rows it changes; after the commit the bus is told. See `books`.
"""

from .annotations import set_annotations
from .delivering import Delivered, Delivery, Outcome, Shipment, deliver, forget_deliveries, prepare, store
from .folders import (
    claim_recent,
    create_folder,
    delete_folder,
    ensure_defaults,
    remove_mailbox,
    rename_folder,
    set_subscribed,
)
from .messages import append, append_many, copy, expunge, move, store_flags
from .returning import Return, bring_back

__all__ = [
    "Delivered",
    "Delivery",
    "Outcome",
    "Return",
    "Shipment",
    "append",
    "append_many",
    "bring_back",
    "claim_recent",
    "copy",
    "create_folder",
    "delete_folder",
    "deliver",
    "ensure_defaults",
    "expunge",
    "forget_deliveries",
    "move",
    "prepare",
    "remove_mailbox",
    "rename_folder",
    "set_annotations",
    "set_subscribed",
    "store",
    "store_flags",
]
