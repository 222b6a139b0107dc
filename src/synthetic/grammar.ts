import type { Draws } from './draws.ts'

const CHOICE = /\(([^()]*)\)/

/** Expands a template at random: `(a|b|)` becomes a, b or nothing, innermost first. */
export function choose(template: string, random: Draws): string {
  let text = template
  for (let match = CHOICE.exec(text); match; match = CHOICE.exec(text))
    text = splice(text, match, random.pick(match[1].split('|')))
  return tidy(text)
}

/** All expansions of a template. */
export function expansions(template: string): Set<string> {
  const match = CHOICE.exec(template)
  if (!match) return new Set([tidy(template)])
  return new Set(match[1].split('|').flatMap((option) => [...expansions(splice(template, match, option))]))
}

function splice(text: string, match: RegExpExecArray, replacement: string): string {
  return text.slice(0, match.index) + replacement + text.slice(match.index + match[0].length)
}

/** Removes the extra spaces left by empty choices. */
function tidy(text: string): string {
  return text
    .replace(/ +/g, ' ')
    .replace(/ ([,.?;])/g, '$1')
    .trim()
}
