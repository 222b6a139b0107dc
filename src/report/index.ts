/**
 * Reports of a run: before training (`opening`), after training (`closing`), and as files (`runReport`). This module
 * loads the drawing libraries, which is slow, so commands that draw nothing import the individual files instead.
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
export { type EventFile, openEventFile } from './tensorboard.ts'
export { toPng } from './to-png.ts'
