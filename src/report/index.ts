/**
 * Reports of a run: before training (`opening`), after training (`closing`), and as files (`runReport`). This module
 * loads the drawing libraries, which is slow, so commands that draw nothing import the individual files instead.
 */

export { closing } from './blocks/closing.ts'
export { modelBlocks, opening, openingOnScreen } from './blocks/opening.ts'
export { learningCurve } from './plots/learning-curve.ts'
export { toPng } from './plots/to-png.ts'
export type { Block } from './render/document.ts'
export { renderHtml } from './render/html.ts'
export { renderMarkdown } from './render/markdown.ts'
export { renderText } from './render/text.ts'
export { type ReportFile, runReport } from './run-report.ts'
export { type ParameterRow, parameterTable, totalParameters } from './summary/architecture.ts'
export type * from './summary/run.ts'
export { type EventFile, openEventFile } from './tensorboard.ts'
