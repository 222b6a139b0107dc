/** A problem in a configuration file, with its offset in the text. */
export class SyntaxProblem extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message)
  }
}

/** Limits far above any configuration written by hand, and far below what overflows the stack of a parser. */
const MAX_DEPTH = 100
const MAX_ALIASES = 100

/**
 * Checks the nesting of a JSON text before parsing, because the parser is recursive.
 * @throws SyntaxProblem if it is nested too deeply
 */
export async function checkJsonNesting(text: string): Promise<void> {
  const { default: jsonc } = await import('jsonc-parser')
  const scanner = jsonc.createScanner(text, true)
  let depth = 0
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const first = text[scanner.getTokenOffset()]
    if (first === '{' || first === '[') checkDepth(++depth, scanner.getTokenOffset())
    else if (first === '}' || first === ']') depth--
  }
}

/** Tokens that the lexer inserts and that are not part of the text. */
const DOCUMENT = '\x02'
const FLOW_ERROR_END = '\x18'
const SCALAR = '\x1f'

/**
 * Checks the nesting of a YAML text before parsing, because the parser is recursive in brackets and in indentation. The
 * number of aliases is limited as well, because an alias can repeat a deeply nested value.
 * @throws SyntaxProblem if it is nested too deeply or has too many aliases
 */
export async function checkYamlNesting(text: string): Promise<void> {
  const { Lexer } = await import('yaml')
  /** Start columns of the collections that contain the current token. */
  const columns: number[] = []
  let brackets = 0
  let aliases = 0
  let offset = 0
  let lineStart = 0
  let isFirstOfLine = true
  for (const token of new Lexer().lex(text)) {
    if (token === FLOW_ERROR_END) brackets = 0
    if (token === DOCUMENT || token === FLOW_ERROR_END || token === SCALAR) continue
    if (token === '[' || token === '{') brackets++
    else if (token === ']' || token === '}') brackets = Math.max(0, brackets - 1)
    else if (brackets === 0 && !isBlank(token) && (isFirstOfLine || isBlockIndicator(token))) {
      const column = offset - lineStart
      while (isFirstOfLine && columns.length > 0 && columns.at(-1)! >= column) columns.pop()
      columns.push(column)
    }
    checkDepth(columns.length + brackets, offset)
    if (token.startsWith('*') && ++aliases > MAX_ALIASES)
      throw new SyntaxProblem(`more than ${MAX_ALIASES} aliases`, offset)
    const newline = token.lastIndexOf('\n')
    if (newline >= 0) lineStart = offset + newline + 1
    isFirstOfLine = newline >= 0 || (isFirstOfLine && isBlank(token))
    offset += token.length
  }
}

const isBlank = (token: string): boolean => /^(?:\s|#)/.test(token)

const isBlockIndicator = (token: string): boolean => token === '-' || token === '?' || token === ':'

function checkDepth(depth: number, offset: number): void {
  if (depth > MAX_DEPTH) throw new SyntaxProblem(`nested deeper than ${MAX_DEPTH} levels`, offset)
}
