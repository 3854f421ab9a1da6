"""Measures and readings against transfer: who predicts it, and how much chance is in that."""
