"""The style of what a notebook shows, light and dark as its own theme is: JupyterLab, VS Code, Colab, or a page's."""

from __future__ import annotations

from ninja_tui.report.heatmap import HEAT_STYLE

_LIGHT = """color-scheme: light; --text: #1d2129; --quiet: #59606d; --raised: #f4f5f7; --line: #d9dce1;
  --pass: #136c34; --fail: #b3261e; --timeout: #8a2a9b; --missing: #59606d; --mark: #ffe2b8; --said: #6b4a00;
  --heat-zero: #e2e4e8; --heat-below: #0054be; --heat-above: #944400; --heat-bad: #be0096;"""
_DARK = """color-scheme: dark; --text: #e4e6ea; --quiet: #a3aab6; --raised: #262b33; --line: #434a56;
  --pass: #6fd491; --fail: #ff9d95; --timeout: #dd9df0; --missing: #a3aab6; --mark: #6b4300; --said: #e8c27a;
  --heat-zero: #262830; --heat-below: #4696ff; --heat-above: #ffa028; --heat-bad: #ff00c8;"""

STYLE = f"""{HEAT_STYLE}
.ninja-tui {{ {_LIGHT} }}
@media (prefers-color-scheme: dark) {{ body:not([data-jp-theme-light]):not([data-vscode-theme-kind]) .ninja-tui {{
  {_DARK} }} }}
[data-jp-theme-light="false"] .ninja-tui, [data-vscode-theme-kind*="dark"] .ninja-tui,
[data-vscode-theme-kind="vscode-high-contrast"] .ninja-tui, html[theme="dark"] .ninja-tui {{ {_DARK} }}
.ninja-tui {{ color: var(--text); font: 13px/1.5 system-ui, sans-serif; max-width: 64rem;
  container-type: inline-size; }}
.ninja-tui p {{ margin: .2rem 0; overflow-wrap: anywhere; }}
.ninja-tui .facts {{ margin: .1rem 0 .4rem; }} .ninja-tui .facts b {{ font-weight: 600; }}
.ninja-tui .problem {{ color: var(--fail); }} .ninja-tui .note {{ color: var(--said); }}
.ninja-tui .quiet {{ color: var(--quiet); }}
.ninja-tui .wide {{ overflow-x: auto; }}
.ninja-tui meter {{ width: 7rem; height: .8rem; margin-right: .5rem; vertical-align: baseline; }}
.ninja-tui .wide table {{ border-collapse: collapse; border: 0; margin: 0; font-size: 13px; table-layout: auto; }}
.ninja-tui .wide table tr:nth-child(n), .ninja-tui .wide table tbody tr:nth-child(n):hover {{ background: none; }}
.ninja-tui .wide table th, .ninja-tui .wide table td {{ text-align: left; vertical-align: top; white-space: nowrap;
  max-width: none; padding: .2rem 1.1rem .2rem 0; border: 0; border-top: 1px solid var(--line); color: inherit;
  font-variant-numeric: tabular-nums; }}
.ninja-tui .wide table thead th {{ border-top: 0; color: var(--quiet); font-weight: 600; }}
.ninja-tui .wide table tbody th {{ font: 600 12.5px/1.6 ui-monospace, monospace; }}
.ninja-tui .wide table .number {{ text-align: right; }}
.ninja-tui .wide table .said td {{ border-top: 0; padding-top: 0; white-space: normal; }}
.ninja-tui .said td > * {{ position: sticky; left: 0; max-width: min(56rem, 100cqw); box-sizing: border-box; }}
.ninja-tui .said p {{ margin: .1rem 0 .3rem; color: var(--said); }}
.ninja-tui .pass .said p, .ninja-tui .missing .said p {{ color: var(--quiet); }}
.ninja-tui .heat {{ margin: .2rem 0 .5rem; padding: 0; }} .ninja-tui .heat svg {{ height: auto; margin: 0; }}
.ninja-tui:not(.detailed) .heat svg {{ max-width: min(100%, 24rem); max-height: 9rem; }}
.ninja-tui .off {{ color: var(--fail); }}
.ninja-tui .said pre {{ margin: .1rem 0 .4rem; padding: .3rem .6rem; background: var(--raised); color: inherit;
  border-radius: 4px; overflow-x: auto; font: 12.5px/1.5 ui-monospace, monospace; }}
.ninja-tui .at {{ display: inline-block; min-width: 1.6rem; padding-right: .8rem; text-align: right;
  color: var(--quiet); }}
.ninja-tui mark {{ background: var(--mark); color: inherit; border-radius: 2px; padding: 0; }}
.ninja-tui .badge {{ font: 600 11.5px/1.5 system-ui, sans-serif; padding: 0 .5rem; border: 1px solid currentColor;
  border-radius: 1rem; white-space: nowrap; background: none; }}
.ninja-tui .badge.pass {{ color: var(--pass); }}
.ninja-tui .badge.fail, .ninja-tui .badge.error {{ color: var(--fail); }}
.ninja-tui .badge.timeout {{ color: var(--timeout); }} .ninja-tui .badge.missing {{ color: var(--missing); }}
.ninja-tui .label {{ font-size: 11.5px; color: var(--quiet); white-space: nowrap; }}
"""
