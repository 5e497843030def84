"""The style of the pages, light and dark as the reader's system is."""

STYLE = """
:root { color-scheme: light dark; --text: #1d2129; --quiet: #59606d; --ground: #ffffff; --raised: #f4f5f7;
  --line: #d9dce1; --link: #0b57d0; --pass: #136c34; --fail: #b3261e; --timeout: #8a2a9b; --missing: #59606d;
  --mark: #ffe2b8; --said: #6b4a00; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e6ea; --quiet: #a3aab6; --ground: #14171c;
  --raised: #1d2127; --line: #363c46; --link: #8ab4f8; --pass: #6fd491; --fail: #ff9d95; --timeout: #dd9df0;
  --missing: #a3aab6; --mark: #6b4300; --said: #e8c27a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.4rem; margin: .3rem 0 .8rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
h1, .path { overflow-wrap: anywhere; }
a { color: var(--link); } .up { margin: 0; } .facts { color: var(--quiet); margin: .2rem 0 .8rem; }
.problem { color: var(--fail); overflow-wrap: anywhere; } .note { color: var(--said); overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; white-space: nowrap; }
tbody th { font: 600 14px/1.6 ui-monospace, monospace; }
td { font-variant-numeric: tabular-nums; } .number { text-align: right; white-space: nowrap; }
td.bar { width: 8rem; } meter { width: 7rem; height: .8rem; vertical-align: baseline; }
.said td { border-top: 0; padding-top: 0; } .said p { margin: .1rem 0 .3rem; color: var(--said);
  overflow-wrap: anywhere; }
.pass .said p, .missing .said p { color: var(--quiet); } .off { color: var(--fail); }
pre { margin: .1rem 0 .4rem; padding: .4rem .6rem; background: var(--raised); border-radius: 4px; overflow-x: auto;
  font: 13px/1.5 ui-monospace, monospace; }
.at { display: inline-block; min-width: 2.5rem; padding-right: .8rem; text-align: right; color: var(--quiet); }
mark { background: var(--mark); color: inherit; border-radius: 2px; }
.badge { font: 600 12px/1.5 system-ui, sans-serif; padding: 0 .5rem; border: 1px solid currentColor;
  border-radius: 1rem; white-space: nowrap; }
.badge.pass { color: var(--pass); } .badge.fail, .badge.error { color: var(--fail); }
.badge.timeout { color: var(--timeout); } .badge.missing { color: var(--missing); }
.label { font-size: 12px; color: var(--quiet); white-space: nowrap; }
td.file { min-width: 11rem; }
@media (max-width: 48rem) { .bar { display: none; } .fewer { display: none; } }
@media print { main { max-width: none; } .said, tr { break-inside: avoid; } }
"""
