/** What an evaluation teaches: `analyse` finds it, `analysisHtml` shows it in one file. */
export { type AnalysisInput, analyse } from './analyse.ts'
export type { FittedConfidences } from './confidence.ts'
export { analysisHtml } from './page/html.ts'
export type * from './types.ts'
