"""The cache folder: one rename a file, sealed bytes, results that never change."""
