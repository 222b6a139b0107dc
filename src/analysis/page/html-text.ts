/** HTML as a value of its own, so that text can only enter it escaped. */
export class Html {
  constructor(readonly source: string) {}
}

type Part = string | number | Html | undefined | readonly Part[]

/** A template of HTML: strings and numbers put into it are text, whatever they hold; `undefined` is nothing. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(strings.map((string, i) => string + (i < parts.length ? sourceOf(parts[i]) : '')).join(''))

function sourceOf(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.source
  if (typeof part === 'object') return part.map(sourceOf).join('')
  return String(part).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/**
 * A value as JSON inside a script element, where neither `</script>` nor `<!--` in it can end the element: HTML looks
 * for `<` there and JSON may write it as an escape.
 */
export const jsonIsland = (id: string, value: unknown): Html =>
  new Html(`<script type="application/json" id="${id}">${JSON.stringify(value).replace(/</g, '\\u003c')}</script>`)
