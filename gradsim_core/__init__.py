"""GradSim: which languages help each other in multilingual training, and which do not.

The public names of the engine. Importing this package loads neither torch nor transformers, and
each name's module only when the name is first used.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# Idle OpenMP threads that spin cost other processes up to 35x: set before torch can be loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gradsim_core.backends.place import Place as Place
    from gradsim_core.backends.place import computed_at as computed_at
    from gradsim_core.backends.place import has_ray as has_ray
    from gradsim_core.data import PRESETS as PRESETS
    from gradsim_core.data import Corpus as Corpus
    from gradsim_core.data import data_health as data_health
    from gradsim_core.data import load_corpus as load_corpus
    from gradsim_core.data.inspection import DataLook as DataLook
    from gradsim_core.data.inspection import inspect_data as inspect_data
    from gradsim_core.data.readers import ENDINGS as ENDINGS
    from gradsim_core.data.upload_places import Holding as Holding
    from gradsim_core.data.upload_places import guessed_holdings as guessed_holdings
    from gradsim_core.data.upload_places import is_data as is_data
    from gradsim_core.data.upload_places import placed as placed
    from gradsim_core.data.uploads import MOST_UPLOADED_BYTES as MOST_UPLOADED_BYTES
    from gradsim_core.data.uploads import keep_uploads as keep_uploads
    from gradsim_core.decisions.decision import Reading as Reading
    from gradsim_core.decisions.decision import Rule as Rule
    from gradsim_core.decisions.decision import decide as decide
    from gradsim_core.decisions.decision import decision_json as decision_json
    from gradsim_core.decisions.decision import decision_of as decision_of
    from gradsim_core.decisions.decision import make_grouping as make_grouping
    from gradsim_core.decisions.decision import placed_languages as placed_languages
    from gradsim_core.decisions.decision import read_similarity as read_similarity
    from gradsim_core.decisions.group_script import training_script as training_script
    from gradsim_core.decisions.hand import LEFT_OUT as LEFT_OUT
    from gradsim_core.decisions.hand import LONGEST_NAME as LONGEST_NAME
    from gradsim_core.decisions.hand import NamedGroup as NamedGroup
    from gradsim_core.decisions.hand import group_name as group_name
    from gradsim_core.decisions.hand import unique_names as unique_names
    from gradsim_core.decisions.kept_groupings import Agreement as Agreement
    from gradsim_core.decisions.kept_groupings import SavedGrouping as SavedGrouping
    from gradsim_core.decisions.kept_groupings import agreement as agreement
    from gradsim_core.decisions.kept_groupings import damaged_groupings as damaged_groupings
    from gradsim_core.decisions.kept_groupings import delete_saved as delete_saved
    from gradsim_core.decisions.kept_groupings import load_saved as load_saved
    from gradsim_core.decisions.kept_groupings import rename_saved as rename_saved
    from gradsim_core.decisions.kept_groupings import save_grouping as save_grouping
    from gradsim_core.decisions.kept_groupings import saved_groupings as saved_groupings
    from gradsim_core.decisions.kept_groupings import serving_groups as serving_groups
    from gradsim_core.decisions.kept_groupings import worth as worth
    from gradsim_core.decisions.verification import check_decision as check_decision
    from gradsim_core.decisions.verification import decision_from as decision_from
    from gradsim_core.decisions.verification import load_decision as load_decision
    from gradsim_core.errors import GradSimError as GradSimError
    from gradsim_core.estimating import StudyEstimate as StudyEstimate
    from gradsim_core.experiments.group_files import groups_content as groups_content
    from gradsim_core.experiments.group_files import named_groups_from as named_groups_from
    from gradsim_core.experiments.plans import MOST_GIVEN as MOST_GIVEN
    from gradsim_core.experiments.plans import Plan as Plan
    from gradsim_core.experiments.plans import given_name as given_name
    from gradsim_core.experiments.record import list_experiments as list_experiments
    from gradsim_core.experiments.record import load_experiment as load_experiment
    from gradsim_core.experiments.report import report_csv as report_csv
    from gradsim_core.experiments.report import report_markdown as report_markdown
    from gradsim_core.experiments.report import summary_rows as summary_rows
    from gradsim_core.experiments.runs import estimate_experiment as estimate_experiment
    from gradsim_core.experiments.runs import experiment_key as experiment_key
    from gradsim_core.experiments.runs import submit_experiment as submit_experiment
    from gradsim_core.experiments.verdict import metric_name as metric_name
    from gradsim_core.experiments.verdict import percent as percent
    from gradsim_core.experiments.verdict import phrase as phrase
    from gradsim_core.experiments.verdict import points as points
    from gradsim_core.experiments.verdict import points_between as points_between
    from gradsim_core.findings.estimates import estimate_transfer as estimate_transfer
    from gradsim_core.findings.layers.lower_or_higher import LowerOrHigherPlan as LowerOrHigherPlan
    from gradsim_core.findings.plans import MeasuresPlan as MeasuresPlan
    from gradsim_core.findings.record import list_findings as list_findings
    from gradsim_core.findings.record import load_finding as load_finding
    from gradsim_core.findings.report import REPORTS as REPORTS
    from gradsim_core.findings.report import finding_report as finding_report
    from gradsim_core.findings.runs import finding_key as finding_key
    from gradsim_core.findings.runs import submit_finding as submit_finding
    from gradsim_core.findings.topics.topic_or_language import (
        TopicOrLanguagePlan as TopicOrLanguagePlan,
    )
    from gradsim_core.gradients.sketch_size import sketch_sentence as sketch_sentence
    from gradsim_core.grouping import STRATEGIES as STRATEGIES
    from gradsim_core.grouping import Constraints as Constraints
    from gradsim_core.grouping import Grouping as Grouping
    from gradsim_core.grouping import group as group
    from gradsim_core.grouping import leaf_order as leaf_order
    from gradsim_core.grouping import linkage_tree as linkage_tree
    from gradsim_core.grouping import newick as newick
    from gradsim_core.grouping.agreement import adjusted_rand_index as adjusted_rand_index
    from gradsim_core.grouping.agreement import moved as moved
    from gradsim_core.grouping.curve import KPoint as KPoint
    from gradsim_core.grouping.curve import k_curve as k_curve
    from gradsim_core.grouping.tangles import Tangle as Tangle
    from gradsim_core.grouping.tangles import untangled as untangled
    from gradsim_core.grouping.trees import tree_labels as tree_labels
    from gradsim_core.joining.adding import check_joinable as check_joinable
    from gradsim_core.joining.adding import estimate_join as estimate_join
    from gradsim_core.joining.adding import find_joined as find_joined
    from gradsim_core.joining.adding import newcomer_notes as newcomer_notes
    from gradsim_core.joining.placing import Placement as Placement
    from gradsim_core.joining.placing import placement as placement
    from gradsim_core.joining.record import Joined as Joined
    from gradsim_core.joining.record import joined_names as joined_names
    from gradsim_core.joining.record import load_joined as load_joined
    from gradsim_core.joining.rows import newcomer_rows as newcomer_rows
    from gradsim_core.joining.runs import submit_join as submit_join
    from gradsim_core.joining.series import joined_increments as joined_increments
    from gradsim_core.joining.series import with_joined as with_joined
    from gradsim_core.languages.own_names import own_name as own_name
    from gradsim_core.languages.own_names import script_name as script_name
    from gradsim_core.languages.resolving import Language as Language
    from gradsim_core.languages.resolving import resolve as resolve
    from gradsim_core.measures import MEASURES as MEASURES
    from gradsim_core.measures import Measure as Measure
    from gradsim_core.measuring.files import ImportedSimilarity as ImportedSimilarity
    from gradsim_core.measuring.files import keep_similarity as keep_similarity
    from gradsim_core.measuring.files import read_similarity_files as read_similarity_files
    from gradsim_core.measuring.kept import imported_measures as imported_measures
    from gradsim_core.measuring.kept import left_out_measures as left_out_measures
    from gradsim_core.measuring.measured import load_measures as load_measures
    from gradsim_core.pair_tables import UNITS as UNITS
    from gradsim_core.pair_tables import USUAL_NAMES as USUAL_NAMES
    from gradsim_core.pair_tables import AlignmentReport as AlignmentReport
    from gradsim_core.pair_tables import HeldFile as HeldFile
    from gradsim_core.pair_tables import SimilarityTable as SimilarityTable
    from gradsim_core.pair_tables import TablePreview as TablePreview
    from gradsim_core.pair_tables import TableReport as TableReport
    from gradsim_core.pair_tables import align as align
    from gradsim_core.pair_tables import imported_names as imported_names
    from gradsim_core.pair_tables import load_imported as load_imported
    from gradsim_core.pair_tables import preview_table as preview_table
    from gradsim_core.pair_tables import read_scores as read_scores
    from gradsim_core.pair_tables import read_similarity_table as read_similarity_table
    from gradsim_core.pair_tables import save_imported as save_imported
    from gradsim_core.pair_tables import scores_csv as scores_csv
    from gradsim_core.pair_tables import wrong_cells as wrong_cells
    from gradsim_core.prepared import Prepared as Prepared
    from gradsim_core.prepared import prepare as prepare
    from gradsim_core.results import Results as Results
    from gradsim_core.results import find_signature as find_signature
    from gradsim_core.results import load_increments as load_increments
    from gradsim_core.results import load_results as load_results
    from gradsim_core.runs import Run as Run
    from gradsim_core.runs import cancel_run as cancel_run
    from gradsim_core.runs import ensure_supervisor as ensure_supervisor
    from gradsim_core.runs import find_run as find_run
    from gradsim_core.runs import known_runs as known_runs
    from gradsim_core.runs import list_runs as list_runs
    from gradsim_core.runs import resume_run as resume_run
    from gradsim_core.runs import run_log as run_log
    from gradsim_core.runs import study_run as study_run
    from gradsim_core.runs import study_state as study_state
    from gradsim_core.runs import submit_run as submit_run
    from gradsim_core.runs import submit_study as submit_study
    from gradsim_core.scores.majority import load_majority as load_majority
    from gradsim_core.scores.majority import majority_baseline as majority_baseline
    from gradsim_core.scores.tables import Scores as Scores
    from gradsim_core.scores.tables import gains_over_all_languages as gains_over_all_languages
    from gradsim_core.scores.tables import gains_over_majority as gains_over_majority
    from gradsim_core.scores.tables import gains_over_monolingual as gains_over_monolingual
    from gradsim_core.scores.tables import mean_scores as mean_scores
    from gradsim_core.scores.tables import seed_agreement as seed_agreement
    from gradsim_core.scores.tables import square as square
    from gradsim_core.scores.trained import all_languages_scores as all_languages_scores
    from gradsim_core.scores.trained import pair_gains as pair_gains
    from gradsim_core.scores.trained import transfer_scores as transfer_scores
    from gradsim_core.similarities.arrangement import distance_agreement as distance_agreement
    from gradsim_core.similarities.arrangement import laid_over as laid_over
    from gradsim_core.similarities.arrangement import mds_layout as mds_layout
    from gradsim_core.similarities.arrangement import trustworthiness as trustworthiness
    from gradsim_core.similarities.arrangement import umap_layout as umap_layout
    from gradsim_core.similarities.block_ranges import MODULES as MODULES
    from gradsim_core.similarities.block_ranges import block_indexes as block_indexes
    from gradsim_core.similarities.block_ranges import block_module as block_module
    from gradsim_core.similarities.block_ranges import block_modules as block_modules
    from gradsim_core.similarities.block_ranges import block_place as block_place
    from gradsim_core.similarities.block_ranges import block_places as block_places
    from gradsim_core.similarities.corrections import CORRECTIONS as CORRECTIONS
    from gradsim_core.similarities.gram import READINGS as READINGS
    from gradsim_core.similarities.gram import GramSeries as GramSeries
    from gradsim_core.similarities.gram import Similarity as Similarity
    from gradsim_core.similarities.gram import half_similarities as half_similarities
    from gradsim_core.similarities.gram import similarity as similarity
    from gradsim_core.similarities.resampling import (
        resampled_similarities as resampled_similarities,
    )
    from gradsim_core.similarities.resampling import spread_around as spread_around
    from gradsim_core.similarities.robustness import Certainty as Certainty
    from gradsim_core.similarities.robustness import Regroupings as Regroupings
    from gradsim_core.similarities.robustness import Stability as Stability
    from gradsim_core.similarities.robustness import certainty as certainty
    from gradsim_core.similarities.robustness import held_against as held_against
    from gradsim_core.similarities.robustness import regroupings as regroupings
    from gradsim_core.similarities.robustness import stability as stability
    from gradsim_core.similarities.settled import Settling as Settling
    from gradsim_core.similarities.settled import settling as settling
    from gradsim_core.similarities.settled import settling_sentence as settling_sentence
    from gradsim_core.spreadsheet import csv_cell as csv_cell
    from gradsim_core.spreadsheet import csv_text as csv_text
    from gradsim_core.spreadsheet import plain_text as plain_text
    from gradsim_core.statistics.association import Association as Association
    from gradsim_core.statistics.association import associate as associate
    from gradsim_core.statistics.tree_agreement import TreeAgreement as TreeAgreement
    from gradsim_core.statistics.tree_agreement import tree_agreement as tree_agreement
    from gradsim_core.storage.store import Store as Store
    from gradsim_core.study import METHOD_VERSION as METHOD_VERSION
    from gradsim_core.study import Study as Study
    from gradsim_core.study_text import load_study as load_study
    from gradsim_core.study_text import settings_in as settings_in
    from gradsim_core.study_text import study_from as study_from
    from gradsim_core.study_text import study_from_text as study_from_text
    from gradsim_core.study_text import study_yaml as study_yaml

_HOME = {
    "backends.place": ("Place", "computed_at", "has_ray"),
    "data": ("PRESETS", "Corpus", "data_health", "load_corpus"),
    "data.inspection": ("DataLook", "inspect_data"),
    "data.readers": ("ENDINGS",),
    "data.upload_places": ("Holding", "guessed_holdings", "is_data", "placed"),
    "data.uploads": ("MOST_UPLOADED_BYTES", "keep_uploads"),
    "decisions.decision": ("Reading", "Rule", "decide", "decision_json", "decision_of",
                           "make_grouping", "placed_languages", "read_similarity"),
    "decisions.group_script": ("training_script",),
    "decisions.hand": ("LEFT_OUT", "LONGEST_NAME", "NamedGroup", "group_name", "unique_names"),
    "decisions.kept_groupings": ("Agreement", "SavedGrouping", "agreement", "damaged_groupings",
                                 "delete_saved", "load_saved", "rename_saved", "save_grouping",
                                 "saved_groupings", "serving_groups", "worth"),
    "decisions.verification": ("check_decision", "decision_from", "load_decision"),
    "errors": ("GradSimError",),
    "estimating": ("StudyEstimate",),
    "experiments.group_files": ("groups_content", "named_groups_from"),
    "experiments.plans": ("MOST_GIVEN", "Plan", "given_name"),
    "experiments.record": ("list_experiments", "load_experiment"),
    "experiments.report": ("report_csv", "report_markdown", "summary_rows"),
    "experiments.runs": ("estimate_experiment", "experiment_key", "submit_experiment"),
    "experiments.verdict": ("metric_name", "percent", "phrase", "points", "points_between"),
    "findings.estimates": ("estimate_transfer",),
    "findings.layers.lower_or_higher": ("LowerOrHigherPlan",),
    "findings.plans": ("MeasuresPlan",),
    "findings.record": ("list_findings", "load_finding"),
    "findings.report": ("REPORTS", "finding_report"),
    "findings.runs": ("finding_key", "submit_finding"),
    "findings.topics.topic_or_language": ("TopicOrLanguagePlan",),
    "gradients.sketch_size": ("sketch_sentence",),
    "grouping": ("STRATEGIES", "Constraints", "Grouping", "group", "leaf_order", "linkage_tree",
                 "newick"),
    "grouping.agreement": ("adjusted_rand_index", "moved"),
    "grouping.curve": ("KPoint", "k_curve"),
    "grouping.tangles": ("Tangle", "untangled"),
    "grouping.trees": ("tree_labels",),
    "joining.adding": ("check_joinable", "estimate_join", "find_joined", "newcomer_notes"),
    "joining.placing": ("Placement", "placement"),
    "joining.record": ("Joined", "joined_names", "load_joined"),
    "joining.rows": ("newcomer_rows",),
    "joining.runs": ("submit_join",),
    "joining.series": ("joined_increments", "with_joined"),
    "languages.own_names": ("own_name", "script_name"),
    "languages.resolving": ("Language", "resolve"),
    "measures": ("MEASURES", "Measure"),
    "measuring.files": ("ImportedSimilarity", "keep_similarity", "read_similarity_files"),
    "measuring.kept": ("imported_measures", "left_out_measures"),
    "measuring.measured": ("load_measures",),
    "pair_tables": ("UNITS", "USUAL_NAMES", "AlignmentReport", "HeldFile", "SimilarityTable",
                    "TablePreview", "TableReport", "align", "imported_names", "load_imported",
                    "preview_table", "read_scores", "read_similarity_table", "save_imported",
                    "scores_csv", "wrong_cells"),
    "prepared": ("Prepared", "prepare"),
    "results": ("Results", "find_signature", "load_increments", "load_results"),
    "runs": ("Run", "cancel_run", "ensure_supervisor", "find_run", "known_runs", "list_runs",
             "resume_run", "run_log", "study_run", "study_state", "submit_run", "submit_study"),
    "scores.majority": ("load_majority", "majority_baseline"),
    "scores.tables": ("Scores", "gains_over_all_languages", "gains_over_majority",
                      "gains_over_monolingual", "mean_scores", "seed_agreement", "square"),
    "scores.trained": ("all_languages_scores", "pair_gains", "transfer_scores"),
    "similarities.arrangement": ("distance_agreement", "laid_over", "mds_layout", "trustworthiness",
                                 "umap_layout"),
    "similarities.block_ranges": ("MODULES", "block_indexes", "block_module", "block_modules",
                                  "block_place", "block_places"),
    "similarities.corrections": ("CORRECTIONS",),
    "similarities.gram": ("READINGS", "GramSeries", "Similarity", "half_similarities",
                          "similarity"),
    "similarities.resampling": ("resampled_similarities", "spread_around"),
    "similarities.robustness": ("Certainty", "Regroupings", "Stability", "certainty",
                                "held_against", "regroupings", "stability"),
    "similarities.settled": ("Settling", "settling", "settling_sentence"),
    "spreadsheet": ("csv_cell", "csv_text", "plain_text"),
    "statistics.association": ("Association", "associate"),
    "statistics.tree_agreement": ("TreeAgreement", "tree_agreement"),
    "storage.store": ("Store",),
    "study": ("METHOD_VERSION", "Study"),
    "study_text": ("load_study", "settings_in", "study_from", "study_from_text", "study_yaml"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = ["__version__", *_MODULE_OF]  # noqa: PLE0604 - the names of the table above


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"gradsim_core has no public name {name!r}")
    return getattr(importlib.import_module(f"gradsim_core.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
