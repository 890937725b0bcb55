#include "output/html_style.h"

#include <stddef.h>

/* Colours: text has at least 4.5:1 against its ground, what is drawn at least 3:1, and outcomes
 * differ in lightness as well as in hue. */
static const char colours[] =
    ":root{--ground:#fff;--panel:#f6f8fa;--line:#d5dbe1;--text:#1b2430;--quiet:#586473;"
    "--link:#0b5cad;"
    "--succeeded:#1b9a70;--partial:#b7791f;--failed:#a82a1e;--canceled:#76818f;--open:#2c93c9;"
    "--other:#7d5fc4;--bar:#2b6cb0}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--ground:#12171d;--panel:#1a2129;"
    "--line:#333d48;--text:#e5eaf0;--quiet:#a3aebb;--link:#7db8f0;--succeeded:#4fcaa0;"
    "--partial:#e0a93f;--failed:#e8604e;--canceled:#8994a2;--open:#7fd0f5;"
    "--other:#a78bea;--bar:#5a9fe0}}\n"
    ".c-succeeded{--c:var(--succeeded)}.c-partial{--c:var(--partial)}.c-failed{--c:var(--failed)}"
    ".c-canceled{--c:var(--canceled)}.c-open{--c:var(--open)}.c-other{--c:var(--other)}"
    ".c-bar{--c:var(--bar)}\n";

static const char layout[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:2rem 1.5rem 4rem;max-width:72rem;background:var(--ground);"
    "color:var(--text);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\","
    "\"PingFang SC\",\"Microsoft YaHei\",\"Noto Sans CJK SC\",sans-serif}\n"
    "header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem 1rem;"
    "border-bottom:3px solid var(--bar);padding-bottom:1rem}\n"
    "h1{margin:0;font-size:2rem;line-height:1.2;letter-spacing:-.02em}\n"
    "header p{margin:0;color:var(--quiet);font-size:1.1rem}"
    "header p.warning{width:100%;color:var(--failed);font-weight:600}\n"
    "header dl{display:flex;flex-wrap:wrap;gap:.2rem 2rem;margin:.6rem 0 0;width:100%}"
    "header dl div{display:flex;gap:.5rem}header dt{color:var(--quiet)}header dd{margin:0;"
    "font-weight:600}\n"
    "nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:1rem 0 0;padding:0;list-style:none;"
    "font-size:.87rem}\n"
    "a{color:var(--link)}\n"
    "section{margin-top:2.8rem}\n"
    "h2{margin:0;font-size:1.3rem;line-height:1.3}\n"
    "section>p{margin:.2rem 0 .6rem;color:var(--quiet);max-width:52rem}\n"
    "summary{cursor:pointer;color:var(--link);font-size:.87rem}\n"
    "details p{margin:.3rem 0 .8rem;font-size:.87rem;color:var(--quiet);max-width:52rem}\n"
    "details{margin-top:.8rem}\n"
    "code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--panel);"
    "padding:.1em .3em;border-radius:3px}\n"
    ".more{font-size:.87rem}.empty{font-style:italic}\n"
    "summary:focus-visible,a:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);"
    "outline-offset:2px}\n";

static const char tiles_and_plots[] =
    ".tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:.8rem;"
    "margin:1rem 0 0}\n"
    ".tile{background:var(--panel);border:1px solid var(--line);border-left:4px solid var(--c,"
    "var(--bar));border-radius:6px;padding:.7rem .9rem}\n"
    ".tile dt{color:var(--quiet);font-size:.83rem;line-height:1.3}\n"
    ".tile dd{margin:.15rem 0 0;font-size:1.5rem;font-weight:650;line-height:1.2;"
    "font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "figure{margin:1.2rem 0 0;padding:1rem 1rem .4rem;background:var(--panel);"
    "border:1px solid var(--line);border-radius:6px}\n"
    "figcaption{font-weight:600}\n"
    "svg{display:block;width:100%;height:auto}\n"
    "svg rect{fill:var(--c);stroke:var(--panel);stroke-width:.5}\n"
    "svg g:hover>rect{opacity:.75}\n"
    "svg text{fill:var(--quiet);font-size:12px;text-anchor:middle;"
    "font-variant-numeric:tabular-nums}\n"
    "svg .v{fill:var(--text)}\n"
    ".grid text{text-anchor:end}.grid path{stroke:var(--line);fill:none}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.3rem 0 0;padding:0;"
    "list-style:none;font-size:.87rem}\n"
    ".legend li::before,.status::before{content:\"\";display:inline-block;width:.7em;height:.7em;"
    "margin-right:.4em;border-radius:2px;background:var(--c)}\n";

static const char tables[] =
    ".scroll{overflow-x:auto;margin-top:.8rem;border:1px solid var(--line);border-radius:6px}\n"
    "table{border-collapse:collapse;width:100%;font-size:.87rem}\n"
    "caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);"
    "white-space:nowrap}\n"
    "th,td{padding:.4rem .7rem;text-align:left;vertical-align:baseline;white-space:nowrap;"
    "border-top:1px solid var(--line)}\n"
    "thead th{border-top:0;background:var(--panel);font-weight:600;vertical-align:bottom;"
    "line-height:1.25;white-space:normal;min-width:4.2rem}\n"
    "tbody th{font-weight:500}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums}\n"
    ".long{white-space:normal;overflow-wrap:anywhere;min-width:15rem;max-width:26rem}\n"
    ".share{background:linear-gradient(var(--bar),var(--bar)) no-repeat left bottom/"
    "var(--share-w) 3px}\n"
    ".id{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}\n"
    ".time{font-variant-numeric:tabular-nums}\n"
    ".none{color:var(--quiet)}\n";

static const char paper[] =
    "@media print{@page{size:A4 landscape;margin:12mm}\n"
    "body{max-width:none;padding:0;font-size:9.5pt}nav{display:none}\n"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}\n"
    "section{margin-top:1.2rem}section>p{max-width:none}.scroll{overflow:visible}\n"
    ".tiles{grid-template-columns:repeat(6,1fr)}.tile dd{font-size:1.2rem}\n"
    "figure{margin-top:.6rem;padding:.5rem .8rem .2rem}svg{height:52mm}\n"
    "table{font-size:6.5pt}th,td{padding:.2rem .3rem}thead th{min-width:0}"
    "thead{display:table-header-group}\n"
    ".id{white-space:normal;overflow-wrap:anywhere}.long{min-width:8rem}\n"
    "tr,figure,.tile{break-inside:avoid}h2,section>p{break-after:avoid}}\n";

const char *const html_style[] = {colours, layout, tiles_and_plots, tables, paper, NULL};
