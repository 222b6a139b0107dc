/** A piece of HTML, as a separate type, so that plain strings are always escaped. */
export class Html {
  constructor(readonly source: string) {}
}

type Part = string | number | Html | undefined | readonly Part[]

/** Template tag for HTML. Strings and numbers are escaped, lists are joined, and `undefined` is omitted. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(strings.map((string, i) => string + (i < parts.length ? sourceOf(parts[i]) : '')).join(''))

function sourceOf(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.source
  if (typeof part === 'object') return part.map(sourceOf).join('')
  return String(part).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/**
 * Embeds a value as JSON in a script element. `<` is escaped, so that `</script>` or `<!--` in the data cannot end the
 * element.
 */
export const jsonIsland = (id: string, value: unknown): Html =>
  new Html(`<script type="application/json" id="${id}">${JSON.stringify(value).replace(/</g, '\\u003c')}</script>`)
