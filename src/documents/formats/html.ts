/** The headings and paragraphs of an HTML document. It is parsed as a stream, so deep nesting costs nothing. */
import { Parser } from 'htmlparser2'
import type { DocumentPiece } from '../document.ts'

const BLOCKS = new Set(
  (
    'address article aside blockquote body br caption dd details dialog div dl dt fieldset figcaption figure footer form ' +
    'h1 h2 h3 h4 h5 h6 header hr html li main nav ol option p pre section summary table tbody tfoot thead tr ul'
  ).split(' '),
)

/** Elements whose contents are not read. `head` is not one of them, because it contains the title. */
const UNREAD = new Set(
  'script style template noscript iframe object svg math select textarea audio video canvas'.split(' '),
)

/** Elements that have no end tag. */
const VOID = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '))

const HEADING = /^h([1-6])$/

export interface HtmlFacts {
  readonly title?: string
}

/** Calls `add` for each heading and paragraph in document order. */
export function readHtml(html: string, add: (piece: DocumentPiece) => void): HtmlFacts {
  let text = ''
  let level: number | undefined
  let title: string | undefined
  let inTitle = false
  /** Number of open elements inside the outermost one that is not read, including it. */
  let unread = 0
  let preformatted = 0

  const end = () => {
    if (text.trim() !== '') add({ text, level })
    text = ''
  }
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (unread > 0) {
          if (!VOID.has(name)) unread++
          return
        }
        const isHidden = 'hidden' in attributes || attributes['aria-hidden'] === 'true'
        if ((UNREAD.has(name) || isHidden) && !VOID.has(name)) {
          unread = 1
          return
        }
        if (name === 'title' && title === undefined) {
          inTitle = true
          title = ''
        }
        if (name === 'br' && preformatted === 0 && level === undefined) text = `${text.trimEnd()}\n`
        else if (BLOCKS.has(name)) end()
        else if (name === 'td' || name === 'th') text += ' '
        const heading = HEADING.exec(name)
        if (heading) level = Number(heading[1])
        if (name === 'pre') preformatted++
      },
      ontext(part) {
        if (unread > 0) return
        if (inTitle) title += part
        else if (preformatted > 0) text += part
        else {
          const words = part.replace(/\s+/g, ' ')
          text += text === '' || /\s$/.test(text) ? words.trimStart() : words
        }
      },
      onclosetag(name) {
        if (unread > 0) {
          if (!VOID.has(name)) unread--
          return
        }
        if (name === 'title') inTitle = false
        else if (name !== 'br' && BLOCKS.has(name)) end()
        if (HEADING.test(name)) level = undefined
        if (name === 'pre') preformatted--
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  )
  parser.write(html)
  parser.end()
  end()
  return { title }
}
