"""The gradient similarity of every block of a study, on the languages that all blocks define."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradsim_core.decisions.decision import Reading, read_similarity
from gradsim_core.results import Results
from gradsim_core.similarities.block_ranges import block_module, block_modules, block_places
from gradsim_core.similarities.gram import Similarity
from gradsim_core.statistics.centring import doubly_centred


@dataclass(frozen=True)
class BlockSimilarities:
    """What a study's Grams say block by block.

    Attributes
    ----------
    blocks : name -> similarity, in depth order; a layer as a whole
    modules : module of layers -> its blocks; empty where layers are not taken apart
    undefined : code -> why it has no similarity in one block or more
    """

    blocks: Mapping[str, Similarity]
    modules: Mapping[str, Mapping[str, Similarity]]
    undefined: Mapping[str, str]

    @property
    def one(self) -> Similarity:
        """Any of them: all are read alike."""
        return next(iter(self.blocks.values()))

    def stack(self, codes: Sequence[str], *, centred: bool, module: str = "") -> np.ndarray:
        """Similarity of some languages in every block: (n_blocks, L, L), the diagonal NaN.

        Parameters
        ----------
        module : of layers, whose blocks are meant
        centred : whether each block is doubly centred, over these languages alone
        """
        matrices = []
        for one in (self.modules[module] if module else self.blocks).values():
            at = [one.languages.index(code) for code in codes]
            matrix = one.matrix[np.ix_(at, at)].copy()
            np.fill_diagonal(matrix, np.nan)
            matrices.append(matrix)
        stack = np.stack(matrices)
        return doubly_centred(stack) if centred else stack


def read_blocks(results: Results, reading: Reading) -> BlockSimilarities:
    """Read each block of a study by itself.

    Parameters
    ----------
    reading : how each is read; its blocks do not matter
    """
    def read(blocks: Sequence[str]) -> dict[str, Similarity]:
        return {block: read_similarity(results, reading.model_copy(update={"blocks": block}))
                for block in blocks}

    names = results.series.blocks
    blocks = read(block_places(names))
    modules = {module: read([name for name in names if block_module(name) == module])
               for module in block_modules(names)}
    undefined = dict(results.series.invalid)
    for block, one in [*blocks.items(), *(pair for of_module in modules.values()
                                          for pair in of_module.items())]:
        for at, code in enumerate(one.languages):
            if not np.isfinite(one.matrix[at, at]):
                undefined.setdefault(code, f"its similarity is undefined in {block}")
    return BlockSimilarities(blocks, modules, undefined)
