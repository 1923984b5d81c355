"""A message from the door to a mailbox or the next host: intake, routing, delivery, reports."""
