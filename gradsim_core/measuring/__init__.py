"""Measures of a study: what they are made from, computed once and kept with it."""
