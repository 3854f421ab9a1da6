"""Gradients taken down: each language's own, whole or as a sketch, block by block."""
