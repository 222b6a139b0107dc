import type { RunQaPredictions } from './postprocess-run-qa.ts'

/**
 * The contents of run_qa's output files by name, formatted like `json.dumps(indent=4)` in Python: ASCII only, with all
 * numbers as Python floats.
 */
export function runQaFiles(results: RunQaPredictions): Record<string, string> {
  const { predictions, nbest_predictions, null_odds } = results
  return {
    'predictions.json': `${pythonJson(predictions)}\n`,
    'nbest_predictions.json': `${pythonJson(nbest_predictions)}\n`,
    ...(null_odds && { 'null_odds.json': `${pythonJson(null_odds)}\n` }),
  }
}

/** Streams such a file entry by entry, with only one entry in memory. */
export async function* runQaFile(
  entries: AsyncIterable<readonly [id: string, value: unknown]>,
): AsyncGenerator<string> {
  let before = '{'
  for await (const [id, value] of entries) {
    yield `${before}\n    ${pythonString(id)}: ${pythonJson(value, '\n    ')}`
    before = ','
  }
  yield before === '{' ? '{}\n' : '\n}\n'
}

function pythonJson(value: unknown, indent = '\n'): string {
  const inner = `${indent}    `
  if (typeof value === 'string') return pythonString(value)
  if (typeof value === 'number') return pythonFloat(value)
  if (Array.isArray(value))
    return `[${inner}${value.map((item) => pythonJson(item, inner)).join(`,${inner}`)}${indent}]`
  const entries = value instanceof Map ? [...value] : Object.entries(value as object)
  const lines = entries.map(([key, item]) => `${pythonString(key)}: ${pythonJson(item, inner)}`)
  return lines.length === 0 ? '{}' : `{${inner}${lines.join(`,${inner}`)}${indent}}`
}

const pythonString = (text: string): string =>
  JSON.stringify(text).replace(/[\x7f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Formats a number like Python's `repr`: shortest round-trip digits, two-digit exponents below 1e-4 and from 1e16. */
function pythonFloat(x: number): string {
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0'
  const size = Math.abs(x)
  if (size >= 1e-4 && size < 1e16) return Number.isInteger(x) ? `${x}.0` : `${x}`
  return x.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
