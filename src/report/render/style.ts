/** Style sheet of the reports, for screens in light and dark mode and for print. */
export const style = `
:root { --ink: #1b1f24; --soft: #57606a; --line: #d5dae0; --paper: #fff; --shade: #f4f6f8; --mark: #e3f1fb; --warn: #d55e00; --fade: #0000003d }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ec; --soft: #9aa5b1; --line: #3a424b; --paper: #14181c; --shade: #1e242a; --mark: #16344a; --warn: #f29b5c; --fade: #ffffff47 }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 Inter, system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 0 }
p { margin: .75rem 0 }
h1, h2, p { overflow-wrap: anywhere }
code { font: .9em ui-monospace, monospace; background: var(--shade); padding: .1em .3em; border-radius: .25em; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.5rem; margin: 1rem 0 }
dt { color: var(--soft) }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
/* Shadows at the sides show that there is more to scroll to. At either end, a scrolling background hides them. */
.scroll { overflow-x: auto; margin: 1rem 0; scrollbar-width: thin; background:
  linear-gradient(90deg, var(--paper) 35%, transparent) 0 / 3rem 100% local no-repeat, linear-gradient(270deg, var(--paper) 35%, transparent) 100% / 3rem 100% local no-repeat,
  linear-gradient(90deg, var(--fade), transparent) 0 / .9rem 100% no-repeat, linear-gradient(270deg, var(--fade), transparent) 100% / .9rem 100% no-repeat }
table { border-collapse: collapse; min-width: 60% }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left; font-variant-numeric: tabular-nums }
th { color: var(--soft); font-weight: 600; white-space: nowrap }
td:not(:last-child), .number { white-space: nowrap }
.wrapped td:not(.number) { white-space: normal; overflow-wrap: anywhere; min-width: 6rem; max-width: 22rem }
.number { text-align: right }
.marked td { background: var(--mark); font-weight: 600 }
aside { border-left: .3rem solid var(--warn); background: var(--shade); padding: .8rem 1.1rem; margin: 1.25rem 0 }
aside p { margin: .4rem 0 0 }
figure { margin: 1.25rem 0; background: #fff; border: 1px solid var(--line); border-radius: .4rem; overflow: hidden }
figure svg { display: block; width: 100%; height: auto }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .5rem } }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --shade: #f4f4f4; --mark: #eee; --warn: #d55e00 }
  main { max-width: none; padding: 0 }
  h2 { break-after: avoid }
  tr, figure, aside { break-inside: avoid }
  .scroll { overflow: visible; background: none }
}
`
