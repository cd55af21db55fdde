"""How a report looks: one style sheet, light or dark as the reader has it."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --card: #f5f7f9; --ink: #17212b; --soft: #5b6875; --grid: #dde3e8;
  --model: #1f6fb5; --other: #b4bec8; --better: #12703f; --worse: #a8321e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12171c; --card: #1b2229; --ink: #e8edf1; --soft: #9aa7b3; --grid: #303a44;
    --model: #58a6ea; --other: #55616c; --better: #5ec98f; --worse: #f0907c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 46rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2.75rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p, ul, ol { margin: .5rem 0; }
.soft, figcaption { color: var(--soft); font-size: .875rem; }
.headline { background: var(--card); border-left: 4px solid var(--model); border-radius: 4px;
  padding: 1rem 1.15rem; margin: 1.25rem 0; }
.headline .number { font-size: 2.25rem; font-weight: 650; line-height: 1.15; }
.headline .number small { font-size: .95rem; font-weight: 400; color: var(--soft); }
.headline p { margin: .4rem 0 0; }
figure { margin: 1rem 0; }
figure svg { display: block; width: 100%; max-width: 36rem; height: auto; }
figure svg * { stroke-linejoin: round; }
figcaption { margin-top: .4rem; max-width: 36rem; }
.wide { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
p.caption { margin: 1.5rem 0 -.25rem; }
th, td { padding: .35rem .65rem; text-align: right; vertical-align: top; white-space: nowrap;
  border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
th { font-weight: 600; }
thead th { color: var(--soft); font-weight: 500; white-space: normal; vertical-align: bottom;
  max-width: 8rem; }
td small { display: block; color: var(--soft); font-size: .75rem; }
td.model { font-weight: 650; }
td.model small { font-weight: 400; }
.text { text-align: left; white-space: normal; min-width: 9rem; }
.better { color: var(--better); } .worse { color: var(--worse); } .undecided { color: var(--soft); }
.example { background: var(--card); border-radius: 4px; padding: .85rem 1.15rem; margin: 1rem 0; }
.example h3 { margin: 0 0 .25rem; }
.example table { width: 100%; }
.example td.text small { white-space: normal; }
mark { color: inherit; border-radius: 2px; }
details { margin: .75rem 0; } summary { cursor: pointer; color: var(--model); }
pre { background: var(--card); border-radius: 4px; padding: .75rem 1rem; overflow-x: auto;
  font-size: .85rem; }
pre.licence { white-space: pre-wrap; }
@media (max-width: 30rem) {
  th, td { padding: .3rem .45rem; }
  .headline .number { font-size: 1.9rem; }
}
@media print { body { max-width: none; } details { display: block; } }
"""
