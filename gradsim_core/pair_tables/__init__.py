"""Tables of language pairs, from people's files and back: scores and similarities."""

from gradsim_core.data.files import HeldFile
from gradsim_core.pair_tables.alignment import AlignmentReport, align
from gradsim_core.pair_tables.cells import USUAL_NAMES, TablePreview, preview_table
from gradsim_core.pair_tables.grid import TableReport
from gradsim_core.pair_tables.reading import (
    UNITS,
    SimilarityTable,
    read_scores,
    read_similarity_table,
    wrong_cells,
)
from gradsim_core.pair_tables.writing import (
    imported_names,
    load_imported,
    save_imported,
    scores_csv,
)

__all__ = ["UNITS", "USUAL_NAMES", "AlignmentReport", "HeldFile", "SimilarityTable",
           "TablePreview", "TableReport", "align", "imported_names", "load_imported",
           "preview_table", "read_scores", "read_similarity_table", "save_imported",
           "scores_csv", "wrong_cells"]
