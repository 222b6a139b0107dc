/** Prepares the XML of a docx file for mammoth, which ignores some elements with text and custom styles of headings. */
import { Parser } from 'htmlparser2'

/** An element whose children mammoth reads as if they were those of its parent. */
const TRANSPARENT = 'w:smartTag'

/** Fields, text with a direction, annotated characters and shapes, whose text mammoth ignores. */
const IGNORED = /<(\/?)(?:w:(?:fldSimple|bdo|dir|ruby|rubyBase)|v:(?:oval|line|polyline|arc|curve))(?=[\s/>])/g

/** Elements of formulas, other than properties. */
const MATH = /<(\/?)m:(\w+)((?:\s[^>]*?)?)(\/?)>/g

/** What separates a part of a formula from the part before. */
const MATH_SIGNS: Readonly<Record<string, string>> = { sup: '^', sub: '_', den: '/' }

/** Replaces elements that mammoth ignores by those that it reads. Formulas become text, such as "x^2". */
export const withReadableElements = (xml: string): string =>
  xml
    .replace(IGNORED, `<$1${TRANSPARENT}`)
    .replace(MATH, (found, close: string, name: string, attributes: string, empty: string) => {
      if (name.endsWith('Pr')) return found
      if (name === 't') return `<${close}w:t${attributes}${empty}>`
      const sign = close || empty ? undefined : MATH_SIGNS[name]
      const start = `<${close}${TRANSPARENT}${empty}>`
      return sign === undefined ? start : `${start}<w:r><w:t>${sign}</w:t></w:r>`
    })

interface ParagraphStyle {
  name: string
  based_on?: string
  /** Level of a heading, counted from 1. */
  level?: number
}

const MAX_LEVEL = 6

/** Maps the styles of headings, which are those with an outline level of their own or inherited, to elements of HTML. */
export function headingStyles(styles: string): string[] {
  const found = paragraphStyles(styles)
  return [...found.values()].flatMap((style) => {
    const level = levelOf(style, found)
    return level === undefined || /['\\]/.test(style.name) ? [] : [`p[style-name='${style.name}'] => h${level}:fresh`]
  })
}

function levelOf(style: ParagraphStyle, styles: ReadonlyMap<string, ParagraphStyle>): number | undefined {
  const seen = new Set<ParagraphStyle>()
  for (let one: ParagraphStyle | undefined = style; one && !seen.has(one); one = styles.get(one.based_on ?? '')) {
    seen.add(one)
    if (one.name === 'Title') return one === style ? 1 : undefined
    const level = Number(/^heading (\d)$/i.exec(one.name)?.[1] ?? one.level)
    if (!Number.isNaN(level)) return level <= 9 ? Math.min(level, MAX_LEVEL) : undefined
  }
  return undefined
}

function paragraphStyles(xml: string): Map<string, ParagraphStyle> {
  const styles = new Map<string, ParagraphStyle>()
  let open: ParagraphStyle | undefined
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        const value = attributes['w:val']
        if (name === 'w:style' && attributes['w:type'] === 'paragraph') {
          open = { name: '' }
          styles.set(attributes['w:styleId'], open)
        }
        if (!open) return
        if (name === 'w:name') open.name = value
        else if (name === 'w:basedOn') open.based_on = value
        else if (name === 'w:outlineLvl') open.level = Number(value) + 1
      },
      onclosetag(name) {
        if (name === 'w:style') open = undefined
      },
    },
    { xmlMode: true },
  )
  parser.end(xml)
  return styles
}
