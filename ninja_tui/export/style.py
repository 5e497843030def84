"""What an exported page has beside the style of all pages."""

from ninja_tui.report.heatmap import HEAT_STYLE

EXPORT_STYLE = (
    HEAT_STYLE
    + """
.beside { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; align-items: flex-start; }
.beside > .main { flex: 1 1 34rem; min-width: 0; } .beside > .wide { max-width: 100%; }
.deep { display: grid; gap: 0 2.5rem; grid-template: "table" auto "graph" auto "answers" auto / minmax(0, 1fr); }
.deep > .main { grid-area: table; } .deep > .picture { grid-area: graph; } .deep > :last-child { grid-area: answers; }
@media (min-width: 60rem) { .deep { grid-template: "table graph" auto "answers graph" 1fr / minmax(0, 1fr) auto; } }
details summary { cursor: pointer; color: var(--quiet); font-size: 13px; }
td.whole { white-space: nowrap; }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; }
.answer { border-top: 1px solid var(--line); padding: .7rem 0 .5rem; scroll-margin-top: .5rem; }
.answer:target { background: var(--raised); box-shadow: 0 0 0 .5rem var(--raised); }
.answer h4 { margin: 0 0 .2rem; font: 600 15px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.answer h4 .badge, .answer h4 .label { margin-left: .4rem; font-family: system-ui, sans-serif; }
.answer p { margin: .2rem 0; overflow-wrap: anywhere; } .answer .told { color: var(--said); }
.answer.pass .told { color: var(--quiet); } .cmp { color: var(--quiet); font: 13px/1.5 ui-monospace, monospace; }
code { font: 13px/1.5 ui-monospace, monospace; background: var(--raised); border-radius: 3px; padding: 0 .25em; }
.graph .edges path { fill: none; stroke: var(--quiet); stroke-opacity: .55; stroke-width: 1.2; }
.graph rect { fill: var(--raised); stroke: var(--line); stroke-width: 1.5; }
.graph text { font: 12.5px ui-monospace, monospace; text-anchor: middle; fill: var(--text); }
.graph .none text { fill: var(--quiet); }
.graph .pass rect { stroke: var(--pass); }
.graph .fail rect, .graph .error rect { stroke: var(--fail); stroke-width: 2.5; }
.graph .pass text { fill: var(--pass); } .graph .fail text, .graph .error text { fill: var(--fail); font-weight: 700; }
.graph .timeout rect { stroke: var(--timeout); stroke-width: 2.5; } .graph .timeout text { fill: var(--timeout); }
.graph .missing rect { stroke-dasharray: 4 3; stroke: var(--missing); } .graph .missing text { fill: var(--missing); }
.graph a:hover rect, .graph a:focus rect { fill: var(--mark); }
.curve { max-width: 100%; height: auto; } .curve text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
.curve .end { text-anchor: end; } .curve .middle { text-anchor: middle; }
.curve .grid line { stroke: var(--line); stroke-width: 1; }
.curve .range { fill: var(--link); fill-opacity: .18; }
.curve .mean { fill: none; stroke: var(--link); stroke-width: 2; }
.names { columns: 9rem; flex: 1 1 12rem; margin: 0; padding: 0; list-style: none;
  font: 14px/1.7 ui-monospace, monospace; overflow-wrap: anywhere; }
footer { margin-top: 3rem; color: var(--quiet); font-size: 13px; }
"""
)
