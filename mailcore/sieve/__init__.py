"""Sieve, the language mail is filtered with (RFC 5228 and its extensions).

`compile_script` reads and checks a script once; `Script.run` decides about one message and
returns actions. Nothing is carried out here: no mailbox, no database and no clock is known.
"""
