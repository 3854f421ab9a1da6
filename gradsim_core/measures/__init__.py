"""Measures: similarities of languages to compare the gradients with; pure functions of arrays."""
