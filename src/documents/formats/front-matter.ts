/**
 * YAML or TOML with facts about a page, which site generators expect at the beginning of Markdown files. If an empty line
 * follows the first rule, it is text between two rules.
 */
const FRONT_MATTER = /^\ufeff?(---|\+\+\+)[^\S\n]*\n(?=\S)([\s\S]*?\n)?\1[^\S\n]*(?:\n|$)/

const TITLE = /^title\s*[:=]\s*(?:"([^"\n]*)"|'([^'\n]*)'|(.+))[^\S\n]*$/im

/** Splits a Markdown file into its title in the front matter and the rest. */
export function frontMatter(text: string): { readonly title?: string; readonly rest: string } {
  const found = FRONT_MATTER.exec(text)
  if (!found) return { rest: text }
  const [, ...quoted] = TITLE.exec(found[2] ?? '') ?? []
  const title = quoted.find((one) => one !== undefined)
  return { ...(title !== undefined && { title }), rest: text.slice(found[0].length) }
}
