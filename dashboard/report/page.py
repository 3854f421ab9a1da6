"""The file around the report: its policy, its style, and the scripts that draw its charts.

Conventions
-----------
The policy lets nothing in from outside, and no script run but those that the file was written
with: each is named by its SHA-256. plotly's own styles need ``unsafe-inline`` for styles.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from dashboard.report.elements import attribute

_STYLE = """
:root{--page:#fff;--ink:#1f2430;--faint:#667085;--line:#d7dbe2;--band:#f5f6f8;--link:#0b5cad}
@media (prefers-color-scheme:dark){:root{--page:#14171d;--ink:#e6e8ec;--faint:#9aa3b2;
--line:#363c48;--band:#1d222b;--link:#7db8f2}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.55 "Source Sans 3","Source Sans Pro",system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1080px;margin:0 auto;padding:2rem 1.5rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .4rem}h2{font-size:1.3rem;margin:2.6rem 0 .6rem}
h3{font-size:1.05rem;margin:1.6rem 0 .3rem}p,ul{margin:.5rem 0}
.faint{color:var(--faint)}.verdict{font-size:1.1rem;font-weight:600}
nav a,a{color:var(--link)}nav ul{columns:2;padding-left:1.2rem}
figure{margin:1rem 0;padding:8px;background:#fff;border:1px solid var(--line);border-radius:8px;
break-inside:avoid;overflow-x:auto}
.chart{min-width:640px}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;margin:.6rem 0}
th,td{padding:.28rem .7rem .28rem 0;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top}
th{color:var(--faint);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}
tr{break-inside:avoid}details{margin:.4rem 0}summary{cursor:pointer;color:var(--link)}
pre{background:var(--band);padding:.8rem;border-radius:8px;overflow-x:auto;font-size:.82rem;
white-space:pre-wrap;word-break:break-word}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:.8rem}
.card{border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem;break-inside:avoid}
.card h3{margin:0 0 .3rem}dt{font-weight:600}dd{margin:0 0 .5rem}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
@media print{:root{--page:#fff;--ink:#000;--faint:#444;--line:#bbb;--band:#f5f5f5}
main{max-width:none;padding:0}nav,summary{display:none}figure{border:0;padding:0}
.chart{min-width:0;width:980px;zoom:.69}h2,h3{break-after:avoid}body{font-size:11pt}}
"""

_DRAW = """
(function(){
var charts=[].slice.call(document.querySelectorAll('.chart'));
function options(){return {displaylogo:false,responsive:true,
  modeBarButtonsToRemove:['autoScale2d','select2d','lasso2d'],
  toImageButtonOptions:{format:'svg',filename:'gradsim'}}}
charts.forEach(function(div){
  var figure=JSON.parse(div.nextElementSibling.textContent);
  Plotly.newPlot(div,figure.data,figure.layout,options());
});
var opened=[];
window.addEventListener('beforeprint',function(){
  opened=[].slice.call(document.querySelectorAll('details:not([open])'));
  opened.forEach(function(one){one.open=true});
  charts.forEach(function(div){Plotly.relayout(div,{width:980})});
});
window.addEventListener('afterprint',function(){
  opened.forEach(function(one){one.open=false});
  charts.forEach(function(div){Plotly.relayout(div,{width:null,autosize:true})});
});
})();
"""


def page(title: str, body: str) -> str:
    """The whole file.

    Parameters
    ----------
    title : plain text
    body : HTML
    """
    scripts = [plotly_script(), _DRAW]
    policy = ("default-src 'none'; script-src "
              + " ".join(f"'sha256-{_digest(one)}'" for one in scripts)
              + "; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "
                "form-action 'none'")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" '
        f'content="no-referrer"><title>{attribute(title, 200)}</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><main>{body}</main>"
        + "".join(f"<script>{one}</script>" for one in scripts) + "</body></html>\n")


@cache
def plotly_script() -> str:
    """plotly's own browser library, as it is installed."""
    return (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


@cache
def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
