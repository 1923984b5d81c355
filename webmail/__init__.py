"""The webmail: reads and writes one person's mail in the browser. Calls the core in process, opens no socket of its own."""
