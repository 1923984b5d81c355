"""What was counted, hour by hour, for the pictures of the panel. Sums only: nothing of any message."""
