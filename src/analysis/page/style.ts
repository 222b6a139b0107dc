/** Styles of the analysis page, in addition to those of the reports. Colors are by Okabe and Ito (2008). */
export const pageStyle = `
:root { --exact: #0072b2; --f1: #b3590a; --gold: #cdeedd; --predicted: #005a8c; --chosen: #a3528a }
@media (prefers-color-scheme: dark) { :root { --exact: #56b4e9; --f1: #e6a04d; --gold: #1d4a36; --predicted: #7cc4f0; --chosen: #dd9cc8 } }
main { max-width: 68rem }
a { color: var(--exact) }
a:focus-visible, summary:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, .scroll:focus-visible { outline: 2px solid var(--exact); outline-offset: 2px }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem }
table { width: 100% }
.note, small, figcaption, .legend { color: var(--soft); font-size: .875rem }
small { display: block }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem }
.tiles div { background: var(--shade); border-radius: .4rem; padding: .7rem .9rem }
.tiles dd { margin: 0 } .tiles strong { display: block; font-size: 1.5rem } .tiles span { color: var(--soft); font-size: .875rem }
.classes td { vertical-align: top; white-space: normal } .classes td p { margin: .1rem 0; color: var(--soft); font-size: .875rem }
.classes td:first-child { min-width: 16rem } .classes code { white-space: nowrap } .classes td:nth-child(3) { white-space: nowrap } .classes details { font-size: .875rem } .classes ul { margin: .3rem 0; padding-left: 1.2rem }
.mistakes td { white-space: normal } .mistakes td:nth-child(2) { min-width: 16rem }
.bar { display: inline-block; width: 7rem; height: .7rem; background: var(--line); border-radius: .2rem; overflow: hidden; vertical-align: middle }
.fill { display: block; height: 100%; background: var(--exact) }
.breakdown h3 { margin-top: 1.75rem } .breakdown p { margin: .1rem 0 } .breakdown .scroll { margin-top: .4rem }
.bars { display: block; width: 100%; min-width: 9rem; height: 1.5rem } .bars .ground { fill: var(--shade) } .bars .exact { fill: var(--exact) } .bars .f1 { fill: var(--f1) }
.bars line { stroke: var(--ink); stroke-width: 2; vector-effect: non-scaling-stroke } .bars .hatch { fill: url(#hatch) }
.few { border: 1px dashed var(--warn); color: var(--warn); border-radius: .3rem; padding: 0 .3rem; font-size: .8rem }
.key::before { content: ''; display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; border-radius: .15rem; background: var(--exact); vertical-align: -.08rem }
.key.f1::before { background: var(--f1) }
.plots + h3 { margin-top: 1.75rem }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.25rem }
.plots figure { background: none; margin: 0; padding: .6rem } .plots figcaption { padding: .3rem .4rem }
form { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 13rem), 1fr)); gap: .75rem 1rem; align-items: end; background: var(--shade); padding: 1rem; border-radius: .4rem }
form .wide { grid-column: 1 / -1 } form > label { display: grid; gap: .2rem; font-size: .875rem; color: var(--soft) }
fieldset { border: 0; margin: 0; padding: 0; font-size: .875rem; color: var(--soft) } legend { padding: 0 } fieldset input { width: 4.5rem }
input, select, button { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .3rem; padding: .35rem .5rem; min-width: 0; box-sizing: border-box }
button { cursor: pointer }
output { font-weight: 600 }
#question-list { list-style: none; padding: 0 }
.example { border-bottom: 1px solid var(--line) }
.example > summary { display: grid; grid-template-columns: 1fr max-content; gap: 0 1rem; padding: .6rem .3rem; cursor: pointer }
.example > summary:hover { background: var(--shade) }
.verdict::before { content: '▸ '; color: var(--soft) } [open] > summary .verdict::before { content: '▾ ' }
.question, .answered { grid-column: 1 / -1 } .question { font-weight: 600 }
.verdict, .sure { font-size: .875rem } .wrong { color: var(--warn) } .right, .sure { color: var(--soft) }
.quoted::before { content: '“' } .quoted::after { content: '”' }
.opened { padding: .3rem .3rem 1rem; overflow-wrap: anywhere } .opened h4 { margin: 1rem 0 .3rem } .title { color: var(--soft) }
.context { white-space: pre-wrap; background: var(--shade); padding: .9rem 1rem; border-radius: .4rem; line-height: 1.9 }
mark { background: none; color: inherit; padding: .1em 0 }
mark.gold { background: var(--gold); text-decoration: underline .16em; text-underline-offset: .2em }
mark.prediction { border: .13em dashed var(--predicted); border-width: .13em 0 }
mark.begins { border-left-width: .2em } mark.ends { border-right-width: .2em }
mark.candidate { text-decoration: underline wavy var(--chosen); text-underline-offset: .25em } mark.gold.candidate { text-decoration: underline double var(--chosen) }
.edge { font: 600 .75rem ui-monospace, monospace; color: var(--paper); background: var(--soft); border-radius: .2rem; padding: .05rem .25rem; margin: 0 .1rem }
.candidates { padding-left: 1.6rem; margin: .3rem 0 }
.candidates button { display: grid; grid-template-columns: minmax(0, 1fr) 7rem 4rem; gap: .75rem; align-items: center; width: 100%; text-align: left; margin: .15rem 0 }
.candidates button[aria-pressed=true] { border-color: var(--chosen); box-shadow: 0 0 0 1px var(--chosen) }
@media (max-width: 34rem) {
  th, td { padding: .35rem .3rem } .bars { min-width: 3rem } .breakdown small, .classes .bar { display: none } .breakdown .key:last-child { display: block }
  .classes td:first-child { min-width: 10rem } .classes code { white-space: normal }
  .candidates button { grid-template-columns: minmax(0, 1fr) 3rem 3.8rem } .candidates .bar { width: 3rem }
}
@media print { form, #more-questions, nav { display: none } }
`
