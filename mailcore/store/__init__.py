"""One person's mail at rest: folders, messages, blobs, the change journal, search, threads, quota use.

Every change goes through `store.writer`; everything else here reads. Knows nothing of how mail arrives.
"""
