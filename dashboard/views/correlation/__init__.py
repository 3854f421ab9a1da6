"""The Correlation page."""
