/** The report's style sheet: light and dark as the system has it, phones, and paper. One text, put into the file. */
export const STYLE = `
:root{color-scheme:light dark;--page:#f6f5f1;--surface:#fff;--sunken:#efede7;--line:#e1ded6;--ink:#1c1b18;--ink-2:#4b4840;--ink-3:#656157;--warn:#8a5a00;--bad:#a3241c;
--c0:#4340a0;--c1:#b34706;--c2:#12745a;--c3:#85358a;--c4:#0b62a8;--c5:#8a6a00}
@media (prefers-color-scheme:dark){:root{--page:#131315;--surface:#1b1b1e;--sunken:#242428;--line:#303036;--ink:#f0eee8;--ink-2:#c3bfb6;--ink-3:#a19d94;--warn:#e6b450;--bad:#f28a80;
--c0:#a9a6f2;--c1:#f2935a;--c2:#4fc49c;--c3:#d590db;--c4:#62aff0;--c5:#d9be62}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1360px;margin:0 auto;padding:24px 20px 48px}
h1{margin:0;font-size:24px;line-height:1.25;overflow-wrap:anywhere}
h2{margin:0 0 4px;font-size:17px}
h3{margin:16px 0 4px;font-size:14px}
p{margin:4px 0;max-width:90ch}
.lead,.note,.against,.small{color:var(--ink-3)}
.note,.small{font-size:13px}
section{margin-top:20px;padding:16px;background:var(--surface);border:1px solid var(--line);border-radius:10px}
.tiles{display:flex;flex-wrap:wrap;gap:12px 32px;margin:16px 0 0}
.tiles div{min-width:110px}
dt{color:var(--ink-3);font-size:12px}
dd{margin:0;font-size:18px;font-variant-numeric:tabular-nums}
dd small{display:block;font-size:12px;color:var(--ink-3)}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:20px 24px;margin-top:12px}
figure{margin:0;min-width:0;break-inside:avoid}
figure svg{display:block;width:100%;height:auto}
figcaption{font-size:14px}
text{fill:var(--ink-3);font-size:12px;font-family:inherit;font-variant-numeric:tabular-nums}
text.y{text-anchor:end}
text.x{text-anchor:middle}
.grid{stroke:var(--line)}
.axis{stroke:var(--ink-3)}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.faint{stroke-width:1;opacity:.35}
.band{opacity:.16;stroke:none}
.ideal{stroke:var(--ink-3);stroke-dasharray:2 4}
.whisker{stroke:var(--c0)}
${[0, 1, 2, 3, 4, 5].map((i) => `.line.c${i}{stroke:var(--c${i})}.band.c${i},circle.c${i}{fill:var(--c${i})}`).join('\n')}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;margin:2px 0;padding:0;list-style:none;font-size:13px}
.legend li{display:flex;align-items:center;gap:6px;min-width:0;overflow-wrap:anywhere}
.legend svg{flex:none;width:26px;height:8px}
.n{font-variant-numeric:tabular-nums;color:var(--ink-2)}
.scroll{overflow-x:auto}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
table{border-collapse:collapse;margin-top:8px;font-size:13px;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--ink-3);padding-bottom:4px}
th,td{padding:3px 12px 3px 0;border-bottom:1px solid var(--line);text-align:right;vertical-align:top;white-space:nowrap}
th:first-child,.text{text-align:left}
td.text{white-space:normal;overflow-wrap:anywhere}
thead th{color:var(--ink-2);font-weight:600}
tbody th{font-weight:400}
details{margin-top:12px}
summary{cursor:pointer;color:var(--ink-2)}
pre{overflow-x:auto;padding:12px;background:var(--sunken);border-radius:6px;font:12px/1.45 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
code{font-family:ui-monospace,"SF Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
.warn{color:var(--warn)}
.bad{color:var(--bad)}
footer{margin-top:20px;color:var(--ink-3);font-size:13px}
@media (max-width:600px){main{padding:16px 12px 32px}section{padding:12px}}
@media print{:root{color-scheme:light;--page:#fff;--surface:#fff;--sunken:#f4f4f4;--line:#ccc;--ink:#000;--ink-2:#222;--ink-3:#444;--warn:#8a5a00;--bad:#a3241c;--c0:#4340a0;--c1:#b34706;--c2:#12745a;--c3:#85358a;--c4:#0b62a8;--c5:#8a6a00}
main{max-width:none;padding:0}section{border:0;padding:8px 0}.scroll{overflow:visible}h2,h3,figcaption{break-after:avoid}}
`;
