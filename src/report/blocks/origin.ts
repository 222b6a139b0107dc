import { literal, type NamedValue } from '../render/document.ts'
import type { RunOrigin } from '../summary/run.ts'

/** Date, command and software versions of a run. */
export const originFacts = ({ ended, command, spanforge, node }: RunOrigin): NamedValue[] => [
  ['Date', `${ended.slice(0, 16).replace('T', ' ')} UTC`],
  ...(command ? [['Command', `\`${literal(command)}\``] as const] : []),
  ['Software', `spanforge ${spanforge}, Node.js ${node}`],
]
