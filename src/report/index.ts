/**
 * What a run says to people: before (`opening`), after (`closing`), and for good (`runReport`). The drawing libraries
 * take a while to load: commands that draw nothing import the files that they need, not this one.
 */
export { type ParameterRow, parameterTable, totalParameters } from './architecture.ts'
export { closing } from './closing.ts'
export type { Block } from './document.ts'
export { learningCurve } from './learning-curve.ts'
export { modelBlocks, opening, openingOnScreen } from './opening.ts'
export { renderHtml } from './render-html.ts'
export { renderMarkdown } from './render-markdown.ts'
export { renderText } from './render-text.ts'
export { type ReportFile, runReport } from './run-report.ts'
export type * from './run-summary.ts'
export { createEventFile, type EventFile } from './tensorboard.ts'
export { toPng } from './to-png.ts'
