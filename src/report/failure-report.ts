import { originFacts } from './blocks/opening.ts'
import { type Block, facts, heading, literal, type NamedValue, paragraph } from './render/document.ts'
import { renderHtml } from './render/html.ts'
import type { RunOrigin } from './summary/run.ts'

export interface RunFailure {
  /** Name of the model that was fine-tuned. */
  readonly model: string
  readonly error: string
  readonly remedy?: string
  readonly origin: RunOrigin
}

/** Creates the HTML report of a failed run: the error, its remedy, and the command that was run. */
export function failureReport({ model, error, remedy, origin }: RunFailure): string {
  const title = `${model}: training failed`
  const reason: NamedValue[] = [['Reason', literal(error)]]
  if (remedy) reason.push(['What to do', literal(remedy)])
  const blocks: Block[] = [
    heading(title, 1),
    paragraph('This run ended with an error, so it has no results.'),
    facts(...reason, ...originFacts(origin)),
  ]
  return renderHtml(title, blocks, {})
}
