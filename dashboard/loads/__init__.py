"""What pages load through the engine, kept for the next look."""
