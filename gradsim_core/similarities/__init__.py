"""From Gram matrices to similarity: readings, corrections, maps, and how sure all of it is."""
