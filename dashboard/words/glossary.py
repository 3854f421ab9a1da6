"""The words of the pages: what each means, in plain words, and where it comes from.

Conventions
-----------
Terms stand in alphabetical order. Texts are plain; who shows them escapes them. A term's `also`
holds the other words that people look for, or that a page writes for the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One word of the pages.

    Attributes
    ----------
    name : as pages write it
    meaning : one to three sentences
    source : where the idea comes from, or where it is shown
    also : other words for it
    """

    name: str
    meaning: str
    source: str = ""
    also: tuple[str, ...] = ()


_GRADSIM = "Wang, Adel, Lange, Strötgen, Schütze 2023 (arXiv 2310.15269)"
_TAG = "Fifty et al. 2021 (task affinity grouping)"
_OWN = "this program"

TERMS: tuple[Term, ...] = (
    Term("adjusted Rand index", "How far two groupings agree: 1 when they are the same, about 0 "
         "when they agree no more than by lot.", "Hubert and Arabie 1985", ("ARI",)),
    Term("all but top", "A correction of the similarity: centred, and then without the one "
         "direction in which languages differ most.", "after Mu and Viswanath 2018",
         ("all_but_top", "without the leading direction")),
    Term("all-languages", "The usual multilingual model: one model trained on all languages "
         "together. Every other strategy is held against it.", _OWN,
         ("one model for all", "all_languages", "joint model")),
    Term("alone", "What a language in a group of its own adds to the objective; 0 unless the rule "
         "says otherwise.", _OWN),
    Term("block", "A named set of parameters that all languages share: the embeddings, one layer, "
         "or the task head. Similarity can be read from any of them.", _OWN,
         ("blocks", "embeddings", "head", "encoder")),
    Term("branch (genealogy)", "A subfamily of languages, such as Germanic or Bantu. Shown as the "
         "colour strip beside the heatmap, always with its name.", "Glottolog", ("family",)),
    Term("branch (tree)", "A part of the tree of similarities with all that hangs below it. Its "
         "dot is filled where at least half of the resamples have the same one.",
         "Felsenstein 1985", ("clade", "support")),
    Term("budget", "How many of its own examples each language gives. It is equal under every "
         "strategy, so that a strategy cannot win by seeing more.", _OWN,
         ("equal budget", "steps", "batch size")),
    Term("ceiling", "The highest correlation that noise in the scores and in the similarity leaves "
         "to be found. No measure can be expected above it.", "Spearman 1904 (attenuation)"),
    Term("centred", "A correction: the mean language's gradient is taken out, so that similarity "
         "says who is nearer than average. Useful where all pairs look alike.", _OWN,
         ("centring",)),
    Term("certainty", "How sure a similarity, a branch or a group is, from drawing the steps of "
         "the training anew.", "bootstrap, Efron 1979", ("resample", "bootstrap")),
    Term("correction", "What is done to a similarity before it is shown: raw (nothing), corrected "
         "for noise, centred, or all but top.", _OWN, ("corrections",)),
    Term("correlation", "How far the order of the sources by similarity is their order by score. "
         "Spearman looks at ranks, Kendall at pairs, Pearson at the numbers themselves.",
         "shown on the Correlation page", ("Spearman", "Kendall", "Pearson")),
    Term("cosine", "Similarity of two directions: +1 the same, 0 unrelated, −1 opposite. Lengths "
         "do not count.", "linear algebra"),
    Term("cosine of the mean", "A reading: gradients are summed over the training, and then "
         "compared. Noise of single steps averages out. The usual reading here.", _OWN,
         ("cosine_of_mean", "cosine of the gradients summed over training")),
    Term("decision", "A file (JSON) with the groups and everything they follow from: study, "
         "reading, rule and versions. Anyone can have it derived anew and compared.",
         "gradsim export, gradsim verify", ("export",)),
    Term("dendrogram", "The tree beside the heatmap: the lower two languages join, the more alike "
         "they are.", "average linkage, Sokal and Michener 1958", ("tree",)),
    Term("development rows", "Rows kept apart from training, on which choices are made, such as "
         "the number of groups.", "machine learning", ("dev",)),
    Term("experiment", "Strategies trained at equal budget with the same seeds, and compared on "
         "the test rows of every language.", "shown on the Training page", ("comparison",)),
    Term("finding", "What an experiment on similarity, topics or layers came to: one file with "
         "its numbers and its verdict.", _OWN),
    Term("gain", "Score under one strategy minus score under another, in percentage points, "
         "paired by seed.", "shown on the Training page", ("gains", "points")),
    Term("gap", "How much better than the groups found any grouping could still be. Zero when the "
         "best is proved.", "branch and bound", ("bound",)),
    Term("gradient", "The direction in which a language's examples would change the model. Two "
         "languages whose gradients point the same way help each other at that moment.",
         _GRADSIM, ("gradients",)),
    Term("Gram", "The table of inner products between all languages' gradients. Similarities of "
         "any union of blocks follow from it exactly; the gradients themselves are not kept.",
         "linear algebra", ("Gram matrix",)),
    Term("group", "Languages that are trained together in one model.", _GRADSIM, ("groups",)),
    Term("grouping", "All groups of a study's languages together: who is trained with whom.",
         _GRADSIM),
    Term("half", "Every batch of a language is split into two disjoint halves. How far their "
         "gradients agree says how far the language's row can be trusted.", _OWN, ("halves",)),
    Term("imported table", "Scores or a similarity that were measured elsewhere and kept with a "
         "study under a name.", "shown on the Correlation page", ("imported",)),
    Term("interval", "The range that holds the true value in 95 of 100 repetitions of the whole "
         "procedure. A gain whose interval holds zero shows no clear difference.",
         "statistics", ("95% interval", "confidence interval")),
    Term("joint run", "The one training on all languages from which the gradients are taken.",
         _GRADSIM),
    Term("K", "The number of groups. Left to itself, the objective chooses it.", _OWN,
         ("number of groups",)),
    Term("layer", "One of the blocks of the encoder, counted from the input. Lower ones lie near "
         "the text, higher ones near the task.", "transformers", ("layers", "lower", "higher")),
    Term("linkage", "How near two groups are when a tree is built: here the mean similarity over "
         "all pairs between them (average linkage).", "Sokal and Michener 1958"),
    Term("majority", "The score of always giving the most frequent label. A model that is not "
         "above it has not learned the task.", "shown in verdicts", ("baseline",)),
    Term("Mantel test", "A p value for two tables of pairs: the languages of one are shuffled as "
         "a whole, because pairs that share a language are not independent.", "Mantel 1967",
         ("permutation",)),
    Term("mean cosine", "A reading: each step's gradients are compared, and the comparisons are "
         "averaged.", _TAG, ("mean_cosine",)),
    Term("measure", "Anything that says how near two languages are: gradients, typology, family, "
         "place, shared words, embeddings, labels, topics, or an imported table.", _OWN,
         ("measures",)),
    Term("monolingual", "One model a language: nobody is trained with anybody.", _OWN,
         ("one model a language",)),
    Term("NDCG@3", "How good the three most similar sources are for a target; 1 when they are the "
         "best three in order.", "Järvelin and Kekäläinen 2002"),
    Term("near tie", "Another grouping whose objective is within 1% of the best. Where there are "
         "many, the choice between them is open.", _OWN, ("near ties", "within 1%")),
    Term("noise-corrected", "A correction: each language's length is taken from the agreement of "
         "its two halves, so that noise does not make similarities look smaller. Undefined where "
         "halves disagree.", _OWN, ("corrected for noise", "noise_corrected")),
    Term("objective", "What a grouping is judged by: the sum over languages of the mean similarity "
         "to the other members of their group.", _TAG, ("score of a grouping",)),
    Term("oracle", "Groups made by what was measured on the test rows. Nobody knows that "
         "beforehand: it is there to compare with, and is no method.", _OWN),
    Term("overlapping", "Groups that may share languages; each language is served by the group "
         "that suits it best.", _TAG, ("serves",)),
    Term("p value", "How often chance alone gives at least such a result. Below 0.05 we speak of "
         "beyond chance. Corrected: for having looked at several at once.", "statistics",
         ("p", "p corrected")),
    Term("proof", "The statement that no grouping under the same limits scores higher. Exact "
         "search gives it.", "dynamic programming, integer programming", ("proved optimal",)),
    Term("random groupings", "Groups of the same sizes, drawn by lot. Groups that help must beat "
         "them.", _OWN, ("random",)),
    Term("raw", "No correction: the cosine as it comes.", _OWN),
    Term("reading", "How one similarity is made of the gradients of many steps: cosine of the "
         "mean, or mean cosine.", _OWN, ("readings",)),
    Term("regret@1", "Percentage points lost by training on the most similar source in place of "
         "the best one.", "shown on the Correlation page"),
    Term("reliability", "The cosine between a language's own two halves. Near 1: its row can be "
         "trusted. Low ones are hatched.", "split-half reliability, Spearman 1910"),
    Term("seed", "The number that all random draws of one training follow from. Several seeds show "
         "how much of a difference is luck.", "machine learning", ("seeds",)),
    Term("signature", "The fingerprint of a study: the same data, model and settings give the same "
         "one, and anything that would change a number gives another.", _OWN),
    Term("similarity", "How alike two languages are: here, how alike their gradients point. Larger "
         "is nearer.", _GRADSIM),
    Term("snapshot", "A point of the training at which the gradients summed so far are kept. Early "
         "and late ones can be compared.", _OWN, ("step",)),
    Term("source", "A language that a model is trained on.", "transfer learning"),
    Term("stability", "How often a language changes its group when the steps of the training are "
         "drawn anew. Near 0: the group is sure.", "bootstrap, Efron 1979"),
    Term("strategy", "A way to make groups: exact, overlapping, local search, clusterings, and, to "
         "compare with, one model a language, one for all, by family, or by lot.", _OWN,
         ("strategies",)),
    Term("study", "One frozen question: data, languages, task, model and settings. Its results "
         "never change; another question is another study.", _OWN),
    Term("target", "A language that a model is tested on.", "transfer learning"),
    Term("test rows", "Rows on which results are reported. No choice is made on them.",
         "machine learning", ("test",)),
    Term("transfer", "What a model that was trained on one language scores on another.",
         "transfer learning"),
    Term("trial", "One model, trained on a set of languages with one seed, and scored on every "
         "language. Groups that several strategies share are trained once.", _OWN),
    Term("typology", "How languages are built: word order, sounds, forms. Taken from databases "
         "of linguists.", "URIEL+"),
    Term("verdict", "What an experiment came to, in one sentence. “Better” is only said where the "
         "interval holds no zero.", _OWN),
)


def terms_like(words: str) -> list[Term]:
    """The terms that hold all of some words, those whose name begins so first.

    Examples
    --------
    >>> [term.name for term in terms_like("near tie")]
    ['near tie']
    """
    wanted = words.casefold().split()
    found = [term for term in TERMS if all(word in _all_of(term) for word in wanted)]
    start = words.casefold().strip()
    return sorted(found, key=lambda term: (not _names(term, start), TERMS.index(term)))


def terms_in(texts: Iterable[str]) -> list[Term]:
    """The terms that some texts use, by name or by another word, in alphabetical order."""
    said = " ".join(texts).casefold()
    return [term for term in TERMS if any(
        re.search(rf"(?<!\w){re.escape(_plain(word))}(?!\w)", said)
        for word in (term.name, *term.also))]


def _names(term: Term, start: str) -> bool:
    return any(word.casefold().startswith(start) for word in (term.name, *term.also))


def _all_of(term: Term) -> str:
    return " ".join((term.name, term.meaning, *term.also)).casefold()


def _plain(word: str) -> str:
    """A name without what tells it from another in brackets."""
    return word.partition(" (")[0].casefold()
