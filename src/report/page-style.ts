/**
 * The style sheet of report pages: system fonts, light and dark, Okabe-Ito colours, print.
 *
 * Colours   the palette of M. Okabe and K. Ito ("Color Universal Design", 2008), lightened on dark ground; lines also
 *           differ by dash and carry their names, so nothing is told by colour alone
 */
const DARK = `color-scheme: dark;
  --ground: #14171a; --card: #1b1f24; --ink: #e7e5e0; --soft: #a3a9b0; --faint: #2a2f35; --rule: #3a4047;
  --good: #57c9a4; --bad: #f29a63; --good-ground: #16302a; --bad-ground: #3a2417; --unknown-ground: #272b31;
  --c0: #e7e5e0; --c1: #e9ae3a; --c2: #7cc6ef; --c3: #3cbd96; --c4: #e8dd57; --c5: #5aa9e0; --c6: #f08a4b; --c7: #d795bb;
  --q0: #20252a; --q1: #1d3345; --q2: #1d405b; --q3: #1f4f73; --q4: #25618d; --q5: #2f76a9; --q6: #458ec3; --q7: #6aabda; --q8: #9fcdf0;
  --on-shade: #e7e5e0; --on-deep: #0e1215;
  --band: rgba(240, 138, 75, 0.08); --hatch: rgba(240, 138, 75, 0.34);`;

export const PAGE_STYLE = `
:root {
  color-scheme: light;
  --ground: #fbfaf8; --card: #ffffff; --ink: #1d2126; --soft: #565e68; --faint: #e4e2dd; --rule: #d3d0c9;
  --good: #00694d; --bad: #a83c00; --good-ground: #e5f3ee; --bad-ground: #fbeae0; --unknown-ground: #efeff2;
  --c0: #1d2126; --c1: #c98500; --c2: #3f9fd4; --c3: #00835f; --c4: #8a7d00; --c5: #0065a3; --c6: #c24e00; --c7: #b0568b;
  --q0: #f1f0ec; --q1: #dfe9f2; --q2: #c6dcec; --q3: #a5cbe3; --q4: #7fb6d8; --q5: #559dca; --q6: #3180b6; --q7: #18629b; --q8: #084779;
  --on-shade: #1d2126; --on-deep: #ffffff;
  --band: rgba(194, 78, 0, 0.07); --hatch: rgba(194, 78, 0, 0.30);
}
@media screen and (prefers-color-scheme: dark) { :root:not([data-theme='light']) { ${DARK} } }
@media screen { :root[data-theme='dark'] { ${DARK} } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif; }
code, pre, .command { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 0.88em; }
.wrap { max-width: 1120px; margin: 0 auto; padding: 28px 28px 80px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; margin: 0; font-weight: 650; overflow-wrap: anywhere; }
h2 { font-size: 21px; letter-spacing: -0.005em; margin: 56px 0 12px; padding-top: 12px; border-top: 1px solid var(--rule); font-weight: 640; }
h3 { font-size: 16px; margin: 30px 0 10px; font-weight: 620; }
p { margin: 8px 0; }
.eyebrow { margin: 0 0 2px; color: var(--soft); font-size: 13px; letter-spacing: 0.04em; }
.lead { max-width: 70ch; font-size: 17px; color: var(--soft); }
.note { color: var(--soft); font-size: 13.5px; max-width: 88ch; }
.title-row { display: flex; justify-content: space-between; align-items: flex-start; gap: 16px; }
.theme { border: 1px solid var(--rule); background: var(--card); color: var(--ink); border-radius: 8px; width: 38px; height: 38px; font-size: 17px; cursor: pointer; flex: none; }
.chips { display: flex; flex-wrap: wrap; gap: 6px 8px; margin: 16px 0 0; }
.chip { background: var(--card); border: 1px solid var(--faint); border-radius: 6px; padding: 2px 9px; font-size: 13px; }
.chip-name { color: var(--soft); }
.chip-value { font-variant-numeric: tabular-nums; }
.partial { background: var(--bad-ground); border-left: 4px solid var(--bad); padding: 8px 14px; border-radius: 4px; }
nav.contents { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 22px 0 0; font-size: 14px; }
a { color: var(--c5); text-underline-offset: 3px; }
:focus-visible { outline: 2px solid var(--c5); outline-offset: 2px; border-radius: 3px; }
#expectations h2 { margin-top: 32px; }
.verdict { font-size: 17px; font-weight: 600; margin: 4px 0 12px; }
.verdict.good { color: var(--good); } .verdict.bad { color: var(--bad); }
ul.expectations { list-style: none; margin: 0; padding: 0; display: grid; gap: 6px; }
ul.expectations li { display: grid; grid-template-columns: 22px minmax(0, 1fr) auto 108px; column-gap: 10px; align-items: baseline; background: var(--card); border: 1px solid var(--faint); border-left: 4px solid var(--rule); border-radius: 6px; padding: 8px 14px; }
ul.expectations li.met { border-left-color: var(--good); }
ul.expectations li.not-met { border-left-color: var(--bad); background: var(--bad-ground); }
ul.expectations li.unknown { border-left-style: dashed; background: var(--unknown-ground); }
.expectations .mark { font-weight: 700; }
.met .mark, .met .status { color: var(--good); } .not-met .mark, .not-met .status { color: var(--bad); }
.expectations code { overflow-wrap: anywhere; }
.expectations .measured { font-weight: 600; overflow-wrap: anywhere; max-width: 420px; font-variant-numeric: tabular-nums; text-align: right; }
.expectations .status { text-align: right; font-size: 13.5px; }
.source { color: var(--soft); font-size: 12px; }
.expectations .source { grid-column: 2 / -1; }
dl.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(206px, 1fr)); gap: 10px; margin: 0; }
.figure { background: var(--card); border: 1px solid var(--faint); border-radius: 8px; padding: 11px 14px 9px; }
.figure dt { color: var(--soft); font-size: 13px; line-height: 1.35; }
.figure dd { margin: 4px 0 0; display: flex; flex-direction: column; }
.figure .value { font-size: 22px; font-weight: 640; line-height: 1.25; font-variant-numeric: tabular-nums; }
.figure .detail { font-size: 13px; overflow-wrap: anywhere; }
.panel { margin: 0 0 34px; }
.chart-grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 14px 24px; }
figure.chart { margin: 6px 0 10px; min-width: 0; }
figcaption { font-size: 13.5px; font-weight: 600; margin: 0 0 4px; }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
svg text { font-size: 11.5px; fill: var(--ink); font-family: inherit; }
svg .tick { fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .lane { fill: var(--ink); }
svg .mark-label, svg .band-label { fill: var(--soft); }
.grid { stroke: var(--faint); stroke-width: 1; }
.tick-mark { stroke: var(--rule); }
.cursor { stroke: var(--soft); stroke-dasharray: 2 3; pointer-events: none; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.limit { fill: none; stroke-width: 1.2; }
.area { stroke: none; fill-opacity: 0.16; } .area.solid { fill-opacity: 0.34; }
.c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); } .c4 { stroke: var(--c4); } .c5 { stroke: var(--c5); } .c6 { stroke: var(--c6); } .c7 { stroke: var(--c7); }
.area.c0 { fill: var(--c0); } .area.c1 { fill: var(--c1); } .area.c2 { fill: var(--c2); } .area.c3 { fill: var(--c3); } .area.c5 { fill: var(--c5); } .area.c6 { fill: var(--c6); } .area.c7 { fill: var(--c7); }
path.area { stroke: none; }
.d0 { stroke-dasharray: 5 4; } .d6 { stroke-dasharray: 7 2; } .d7 { stroke-dasharray: 2 3; } .d3 { stroke-dasharray: none; } .line.d1 { stroke-dasharray: 4 1.5; }
.end-label { font-weight: 600; }
svg .t0 { fill: var(--c0); } svg .t1 { fill: var(--c1); } svg .t2 { fill: var(--c2); } svg .t3 { fill: var(--c3); } svg .t5 { fill: var(--c5); } svg .t6 { fill: var(--c6); } svg .t7 { fill: var(--c7); }
.band-tint { fill: var(--band); } .band-outline { fill: none; stroke: var(--c6); stroke-width: 1.4; stroke-dasharray: 4 3; } .hatch { stroke: var(--hatch); stroke-width: 1.2; } .hatch.strong { stroke: var(--ink); stroke-opacity: 0.42; stroke-width: 1.4; } .dot { fill: var(--ink); fill-opacity: 0.55; }
.fault-fill { fill: var(--c6); fill-opacity: 0.45; } .action .mark { fill: var(--c5); }
.q0 { fill: var(--q0); } .q1 { fill: var(--q1); } .q2 { fill: var(--q2); } .q3 { fill: var(--q3); } .q4 { fill: var(--q4); } .q5 { fill: var(--q5); } .q6 { fill: var(--q6); } .q7 { fill: var(--q7); } .q8 { fill: var(--q8); }
.p0 { fill: var(--c6); fill-opacity: 0.75; } .p1 { fill: var(--c1); fill-opacity: 0.6; } .p2 { fill: var(--c5); fill-opacity: 0.55; } .p3 { fill: var(--c3); }
.range { stroke: var(--c5); stroke-width: 5; stroke-opacity: 0.4; } .range.thin { stroke-width: 1.2; stroke-opacity: 0.8; }
.mark-fill { fill: var(--c5); } .mark-open { fill: var(--card); stroke: var(--c5); stroke-width: 1.4; } .bin { fill: var(--c5); fill-opacity: 0.75; }
.legend { display: inline-flex; flex-wrap: wrap; gap: 2px 14px; font-weight: 400; color: var(--soft); font-size: 12.5px; margin-left: 10px; vertical-align: middle; }
.legend span { display: inline-flex; align-items: center; gap: 5px; }
.table-scroll { overflow-x: auto; margin: 6px 0 12px; position: relative; }
table { border-collapse: collapse; font-size: 13.5px; min-width: 100%; }
p.caption { font-weight: 600; font-size: 13.5px; margin: 16px 0 0; } .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: 5px 9px; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--faint); white-space: nowrap; } tr > :first-child { padding-left: 0; }
thead th { color: var(--soft); font-weight: 500; border-bottom-color: var(--rule); white-space: nowrap; }
tbody th { font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr > :last-child { padding-right: 2px; }
.message { color: var(--soft); white-space: normal; display: block; min-width: 320px; }
.bar-cell { display: inline-flex; align-items: center; gap: 9px; min-width: 200px; }
.bar-track { position: relative; flex: none; width: 92px; height: 11px; background: var(--faint); border-radius: 2px; overflow: hidden; }
.bar { position: absolute; inset: 0 auto 0 0; opacity: 0.55; } .bar.inner { opacity: 1; top: 3px; bottom: 3px; }
.b0 { background: var(--c0); } .b3 { background: var(--c3); } .b5 { background: var(--c5); } .b6 { background: var(--c6); }
.bar-text { font-variant-numeric: tabular-nums; white-space: nowrap; }
.shade { display: inline-block; min-width: 92px; padding: 2px 9px; border-radius: 4px; font-variant-numeric: tabular-nums; color: var(--on-shade); white-space: nowrap; }
.shade.q0 { background: var(--q0); } .shade.q1 { background: var(--q1); } .shade.q2 { background: var(--q2); } .shade.q3 { background: var(--q3); } .shade.q4 { background: var(--q4); }
.shade.q5, .shade.q6, .shade.q7, .shade.q8 { color: var(--on-deep); } .shade.q5 { background: var(--q6); } .shade.q6 { background: var(--q6); } .shade.q7 { background: var(--q7); } .shade.q8 { background: var(--q8); }
.sub { opacity: 0.82; } .flag { font-weight: 700; }
.sources { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: flex-start; }
.sources details[open] { flex-basis: 100%; }
summary { cursor: pointer; color: var(--soft); font-size: 13px; padding: 3px 0; }
pre { background: var(--card); border: 1px solid var(--faint); border-radius: 6px; padding: 14px; overflow-x: auto; }
dl.meta { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 20px; margin: 12px 0; }
dl.meta dt { color: var(--soft); } dl.meta dd { margin: 0; overflow-wrap: anywhere; }
ul.table-list { columns: 2; column-gap: 28px; padding-left: 18px; font-size: 13.5px; } ul.table-list li { break-inside: avoid; margin: 0 0 5px; }
.tip { display: none; position: absolute; z-index: 9; background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 6px 10px; font-size: 12.5px; pointer-events: none; box-shadow: 0 3px 14px rgba(0, 0, 0, 0.16); }
.tip div { display: flex; justify-content: space-between; gap: 14px; } .tip b { font-variant-numeric: tabular-nums; font-weight: 600; }
footer { color: var(--soft); font-size: 13px; margin-top: 48px; border-top: 1px solid var(--rule); padding-top: 12px; }
@media (max-width: 640px) {
  .wrap { padding: 18px 14px 60px; } h1 { font-size: 24px; } h2 { margin-top: 40px; font-size: 19px; } .lead { font-size: 15.5px; }
  ul.expectations li { grid-template-columns: 20px minmax(0, 1fr) auto; } .expectations .status { display: none; } .expectations .measured { font-size: 14px; }
  dl.figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; } .figure { padding: 9px 10px; } .figure .value { font-size: 18px; }
  dl.meta { grid-template-columns: 1fr; gap: 0; } dl.meta dd { margin: 0 0 8px; } ul.table-list { columns: 1; }
  .legend { margin-left: 0; display: flex; } .bar-cell { min-width: 168px; } .bar-track { width: 64px; }
}
@media print {
  :root { color-scheme: light;
    --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --faint: #ddd; --rule: #bbb; --good: #00563f; --bad: #8a3100; --good-ground: #fff; --bad-ground: #fff; --unknown-ground: #fff;
    --c0: #000; --c1: #b87a00; --c2: #3f9fd4; --c3: #00704f; --c4: #8a7d00; --c5: #00558a; --c6: #a84300; --c7: #9a4a79;
    --q0: #f1f0ec; --q1: #dfe9f2; --q2: #c6dcec; --q3: #a5cbe3; --q4: #7fb6d8; --q5: #559dca; --q6: #3180b6; --q7: #18629b; --q8: #084779; --on-shade: #000; --on-deep: #fff; }
  body { font-size: 10.5pt; } .wrap { max-width: none; padding: 0; } .theme, nav.contents, .tip, .sources { display: none; }
  h2 { break-after: avoid; margin-top: 22pt; } h3, p.caption, figcaption { break-after: avoid; } figure, .figure, tr, li { break-inside: avoid; }
  .table-scroll { overflow: visible; } svg { max-width: 100%; } table { font-size: 8.5pt; } th, td { white-space: normal !important; padding: 3px 5px; } .bar-cell { min-width: 0; } .bar-track { width: 44px; } .shade { min-width: 0; padding: 1px 5px; } * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  @page { margin: 14mm; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
`;
