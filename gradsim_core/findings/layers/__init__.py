"""Lower or higher layers? What explains the similarity of each block."""
