"""Measures: similarities of languages to compare the gradients with; pure functions of arrays."""

from gradsim_core.measures.measure import Measure

MEASURES: dict[str, str] = {
    "gradient": "Gradients",
    "family": "Genealogy",
    "geographic": "Distance on the map",
    "typology.syntactic": "Typology: syntax",
    "typology.phonological": "Typology: phonology",
    "typology.inventory": "Typology: sound inventory",
    "typology.featural": "Typology: all features",
    "typology.genetic": "Typology: genealogy by URIEL",
    "lexical.ngrams": "Character trigrams",
    "lexical.words": "Shared words",
    "lexical.tokens": "Shared tokens of the model",
    "embedding.cosine": "Embedding cosine gap",
    "embedding.csls": "Embedding CSLS",
    "distribution.labels": "Label prior",
    "distribution.lengths": "Length of rows",
    "distribution.script": "Same script",
    "distribution.size": "Size of the source",
    "topic": "Topics",
}
"""Name -> title of every measure a study can have; imported ones are `imported.<name>`."""

__all__ = ["MEASURES", "Measure"]
