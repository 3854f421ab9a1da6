"""The pages of the dashboard, each as a function whose source a test can run alone."""

from __future__ import annotations


def study() -> None:
    from dashboard.views.problems import problems_shown
    from dashboard.views.study.page import study_page

    with problems_shown():
        study_page()


def similarity() -> None:
    from dashboard.views.problems import problems_shown
    from dashboard.views.similarity.page import similarity_page

    with problems_shown():
        similarity_page()


def layers() -> None:
    from dashboard.views.layers.page import layers_page
    from dashboard.views.problems import problems_shown

    with problems_shown():
        layers_page()


def groups() -> None:
    from dashboard.views.groups.page import groups_page
    from dashboard.views.problems import problems_shown

    with problems_shown():
        groups_page()


def training() -> None:
    from dashboard.views.problems import problems_shown
    from dashboard.views.training.page import training_page

    with problems_shown():
        training_page()


def correlation() -> None:
    from dashboard.views.correlation.page import correlation_page
    from dashboard.views.problems import problems_shown

    with problems_shown():
        correlation_page()
