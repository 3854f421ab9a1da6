"""A study's report: one HTML file that needs nothing but itself.

It opens from a disk without any request, in light and in dark, and prints. `assembled` is the way
in; `python -m dashboard.report` is the command.
"""
