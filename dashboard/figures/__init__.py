"""Pure figures: a core type in, a plotly figure out."""
