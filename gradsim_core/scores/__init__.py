"""Scores: language by language, by metric and seed.

`tables` is the type with its arithmetic (gains, agreement of seeds), `trained` fills it from a
study's trials, `majority` knows what the most frequent label scores. Scores from elsewhere come
in through `pair_tables`.
"""
