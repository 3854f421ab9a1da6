"""The modules of layers along the depth: how sure what each says of the languages is."""

from __future__ import annotations

import math

import streamlit as st

from dashboard.escaping import markdown_text
from dashboard.figures.depth_lines import DepthLine, depth_lines
from dashboard.figures.frame import ChartText
from dashboard.loads.blocks import reliabilities
from dashboard.loads.data import study_title
from dashboard.selection import Selection
from dashboard.views.chart import is_dark, show_chart
from dashboard.words.blocks import MODULE_WORDS, block_words, reliability_sentence
from dashboard.words.summaries import READING_WORDS
from gradsim_core import Reading, Results, block_module, block_modules, block_place, block_places


def show_modules(signature: str, reading: Reading, selection: Selection, loaded: Results) -> None:
    """Show, where layers are taken apart, how far the halves of languages agree in each module."""
    blocks = loaded.series.blocks
    modules = block_modules(blocks)
    if not modules:
        return
    found = reliabilities(signature, reading)
    inside = [block for block in blocks if block_module(block)]
    layers = block_places(inside)
    st.subheader("Attention, feed-forward or norms?", anchor=False)
    st.markdown(markdown_text(reliability_sentence({block: found[block] for block in inside})))
    lines = []
    for module in modules:
        of = {block_place(block): found[block] for block in inside if block_module(block) == module}
        values = tuple(of[layer] if math.isfinite(of.get(layer, math.nan)) else None
                       for layer in layers)
        lines.append(DepthLine(MODULE_WORDS[module], values, (None,) * len(layers),
                               (None,) * len(layers)))
    text = ChartText(
        f"How sure each module is: {study_title(loaded)}", "mean reliability",
        ("Cosine of a language's two halves, mean over languages: 1 where they say the same, 0 "
         "where they have nothing in common",
         f"{READING_WORDS[reading.reading].capitalize()}; study {signature}"))
    show_chart(depth_lines(layers, lines, text, dark=is_dark()),
               f"gradsim-{signature[:8]}-layers-modules", selection,
               table={"Layer": [block_words(layer) for layer in layers],
                      **{line.title: [None if value is None else round(value, 3)
                                      for value in line.values] for line in lines}},
               alt="Lines over the layers in depth order, one a module: how far the two halves of "
                   "a language agree. The table holds the same numbers.")
