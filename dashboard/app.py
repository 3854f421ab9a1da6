"""The frame of the dashboard: `streamlit run dashboard/app.py` (or `gradsim dashboard`)."""

from __future__ import annotations

import streamlit as st

from dashboard.browser.component import fetch_ahead
from dashboard.views.chart import is_dark
from dashboard.views.correlation.page import correlation_page
from dashboard.views.groups.page import groups_page
from dashboard.views.layers.page import layers_page
from dashboard.views.problems import problems_shown
from dashboard.views.sidebar import show_sidebar
from dashboard.views.similarity.page import similarity_page
from dashboard.views.study.page import study_page
from dashboard.views.training.page import training_page

st.set_page_config(page_title="GradSim", layout="wide", initial_sidebar_state=340,
                   menu_items={"about": "GradSim: which languages help each other in "
                                        "multilingual training, measured from their gradients."})
PAGES = [st.Page(study_page, title="Study", url_path="study"),
         st.Page(similarity_page, title="Similarity", default=True),
         st.Page(layers_page, title="Layers", url_path="layers"),
         st.Page(groups_page, title="Groups", url_path="groups"),
         st.Page(training_page, title="Training", url_path="training"),
         st.Page(correlation_page, title="Correlation", url_path="correlation")]
# The default page's own address is "/"; its name leads there as well.
NAMED = st.Page(similarity_page, title="Similarity", url_path="similarity", visibility="hidden")
page = st.navigation([*PAGES, NAMED], position="hidden")
# Streamlit writes some words too faintly to be read well: contrast 4.5 is wanted (WCAG 2.2, 1.4.3).
# Beside the sidebar a narrow window leaves little room: columns then stand below each other, and
# the tools of a chart, which would lie over its title, come when they are wanted.
# Its tables' own CSV holds whatever the data hold, formulas too: ours do not (see `csv_text`).
ink = "white" if is_dark() else "black"
st.html(f"""<style>
    [data-testid=stMainBlockContainer] {{padding: 3rem 3rem 4rem}}
    [data-testid=stCaptionContainer] {{opacity: .8}}
    [data-testid=stSliderThumbValue] p, [data-selected=true] p {{
        color: color-mix(in srgb, currentColor 65%, {ink})}}
    [kind=tertiary]:hover p, [data-testid=stPopoverButton]:hover p {{color: {ink}}}
    .st-key-ahead {{display: none}}
    @media (max-width: 1100px) {{
        [data-testid=stMainBlockContainer] {{padding: 3rem 1.5rem 4rem}}
        [data-testid=stHorizontalBlock]:has(> [data-testid=stColumn]) {{flex-wrap: wrap}}
        [data-testid=stColumn] {{min-width: min(100%, 14rem)}}
        [data-testid=stColumn]:has([data-testid=stMetric]):not(:has([data-testid=stColumn])) {{
            min-width: 9rem}}
        [data-testid=stColumn]:has([data-testid=chart]) {{min-width: min(100%, 24rem)}}
        [data-testid=chart]:not(:hover, :focus-within) .modebar {{opacity: 0}}}}
    [data-testid=stElementToolbarButton]:has([aria-label^="Download as CSV"]) {{display: none}}
</style>""")
fetch_ahead()
with problems_shown():
    show_sidebar(PAGES)
with problems_shown():
    page.run()
