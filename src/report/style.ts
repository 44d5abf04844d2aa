/** The style sheet of a report: for a screen of any width, light or dark, and for paper. */
export const style = `
:root {
  --ink: #1c2126; --soft: #5c6670; --line: #dfe3e7; --paper: #fff; --wash: #f5f7f8;
  --accent: #0072b2; --bad: #b3451d; --good: #00795a;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e8ec; --soft: #9aa5b0; --line: #363c43; --paper: #191c1f; --wash: #22262a;
    --accent: #6cb8e8; --bad: #f0916b; --good: #58c7a3;
  }
  .plot svg { filter: invert(0.9) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  overflow-wrap: break-word;
}
h1, h2, h3 { line-height: 1.2; letter-spacing: -0.01em; text-wrap: balance; }
h1 { font-size: 2.1rem; margin: 0 0 0.75rem; }
h2 { font-size: 1.35rem; margin: 0 0 0.75rem; }
h3 { font-size: 1rem; margin: 1.75rem 0 0.5rem; }
p, ul { max-width: 46rem; margin: 0.5rem 0 0.9rem; }
a { color: var(--accent); text-underline-offset: 0.15em; }
code { font: 0.86em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { background: var(--wash); border-radius: 0.5rem; font: 0.8rem/1.5 ui-monospace, Menlo, Consolas, monospace; max-height: 24rem; overflow: auto; padding: 1rem; }
section { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 1.75rem; }
.kind { color: var(--soft); font-size: 0.85rem; letter-spacing: 0.06em; margin: 0 0 0.4rem; text-transform: uppercase; }
.lead { font-size: 1.1rem; }
.soft, figcaption, caption { color: var(--soft); font-size: 0.86rem; line-height: 1.45; }
nav { display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; margin-top: 1.5rem; font-size: 0.9rem; }
footer { border-top: 1px solid var(--line); color: var(--soft); font-size: 0.86rem; margin-top: 3rem; padding-top: 1rem; }

.tiles { display: grid; gap: 0.75rem; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); margin: 1.25rem 0; }
.tile { background: var(--wash); border-radius: 0.5rem; padding: 0.8rem 1rem; }
.tile b { display: block; font-size: 1.65rem; font-variant-numeric: tabular-nums; font-weight: 600; line-height: 1.2; }
.tile span + span { font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); display: block; font-size: 0.82rem; line-height: 1.35; }

.scrolls { margin: 0.9rem 0; overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.4rem; text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: 0.35rem 0.9rem 0.35rem 0; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; }
th + th, td { padding-left: 0.9rem; }
thead th { color: var(--soft); font-size: 0.82rem; font-weight: 500; }
tbody th { font-weight: 400; }
td .picture { display: inline-block; }
.confusion td { min-width: 6.5rem; text-align: center; }
.confusion td b { display: block; font-size: 1.35rem; }
.confusion .right { background: color-mix(in srgb, var(--good) 14%, transparent); }
.confusion .wrong { background: color-mix(in srgb, var(--bad) 14%, transparent); }

dl { columns: 2 22rem; column-gap: 2.5rem; font-size: 0.92rem; margin: 0.9rem 0; }
dl div { border-bottom: 1px solid var(--line); break-inside: avoid; display: flex; gap: 1rem; justify-content: space-between; padding: 0.3rem 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; text-align: right; }
.hashes dl { columns: 1; }

figure { margin: 0; min-width: 0; }
.figures { display: grid; gap: 1.5rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); margin: 1rem 0; align-items: start; }
.plot svg { display: block; height: auto; max-width: 100%; }
.plot figcaption { margin-top: 0.35rem; max-width: 30rem; }
.pictures { display: flex; flex-wrap: wrap; gap: 0.9rem; margin: 0.9rem 0; align-items: flex-start; }
.picture img { background: var(--wash); border-radius: 0.25rem; display: block; height: auto; max-width: 100%; }
.picture figcaption { margin-top: 0.25rem; overflow-wrap: anywhere; }
.cases { display: grid; gap: 1.25rem 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); margin: 0.9rem 0; }
.case { break-inside: avoid; min-width: 0; }
.case p { margin: 0 0 0.4rem; overflow-wrap: anywhere; }
.case .pictures { display: grid; gap: 0.5rem; grid-template-columns: repeat(4, 1fr); margin: 0; }
@media (max-width: 30rem) { .case .pictures { grid-template-columns: repeat(2, 1fr); } }
.left-out { background: var(--wash); border-left: 3px solid var(--line); font-size: 0.92rem; padding: 0.6rem 1rem; white-space: pre-line; }

@media print {
  body { font-size: 10.5pt; max-width: none; padding: 0; }
  nav { display: none; }
  section { margin-top: 1.5rem; padding-top: 1rem; }
  h2, h3 { break-after: avoid; }
  figure, tr, .tiles { break-inside: avoid; }
  .scrolls { overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
