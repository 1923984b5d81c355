"""Makes a stranger's HTML harmless. The sandboxed frame is the real wall; this is the one in front of it."""
