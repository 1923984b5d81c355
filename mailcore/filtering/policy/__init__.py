"""The policy chain: what is asked of a stranger at each stage, one small file a rule (`checks`), and who set what."""
