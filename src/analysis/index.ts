/** Error analysis of an evaluation: `analyse` computes it, `analysisHtml` renders it as a page. */
export { type AnalysisInput, analyse } from './analyse.ts'
export type { FittedConfidences } from './confidence.ts'
export { analysisHtml } from './page/html.ts'
export type * from './types.ts'
