/** The headings and paragraphs of an HTML document. It is parsed as a stream, so deep nesting costs nothing. */
import { Parser } from 'htmlparser2'
import type { DocumentPiece } from '../document.ts'
import { HtmlTableRow } from './html-table.ts'

const BLOCKS = new Set(
  (
    'address article aside blockquote body caption dd details dialog div dl dt fieldset figcaption figure footer form ' +
    'h1 h2 h3 h4 h5 h6 header hr html li main ol option p pre section summary table tbody td tfoot th thead tr ul'
  ).split(' '),
)

/** Elements whose contents are not read. `head` is not one of them, because it contains the title. */
const UNREAD = new Set(
  (
    'script style template noscript noframes iframe object svg math select textarea audio video canvas button nav ' +
    'rp rt'
  ).split(' '),
)
const UNREAD_ROLES = new Set(['navigation', 'search'])

const HIDDEN_STYLE = /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i

/** The element with the contents of a page that also has menus and the like. */
const MAIN = /<main[\s>]|\srole\s*=\s*["']?main\b/i

/** Link from a heading to itself, as generators of documentation add it. */
const PERMALINK = /^[¶#§🔗\uf0c1\s]*$/u

const HEADING = /^h([1-6])$/

export interface HtmlFacts {
  readonly title?: string
}

/** Calls `add` for each heading and paragraph in document order. If there is a main element, only that is read. */
export function readHtml(html: string, add: (piece: DocumentPiece) => void): HtmlFacts {
  if (MAIN.test(html)) {
    let isEmpty = true
    const facts = readElements(html, true, (piece) => {
      isEmpty = false
      add(piece)
    })
    if (!isEmpty) return facts
  }
  return readElements(html, false, add)
}

function readElements(html: string, onlyMain: boolean, add: (piece: DocumentPiece) => void): HtmlFacts {
  /** Parts of a text, which is joined at its end, because it can have a million of them. */
  const parts: string[] = []
  let level: number | undefined
  let title: string | undefined
  let inTitle = false
  /** Number of open elements inside the outermost one that is not read, including it. */
  let unread = 0
  /** The same for the main element. */
  let main = 0
  let preformatted = 0
  let row: HtmlTableRow | undefined
  /** First part of the open link. */
  let link: number | undefined

  const end = () => {
    const text = parts.join('').replaceAll(' \n', '\n')
    if (text.trim() !== '') (row ?? { add }).add({ text, level })
    parts.length = 0
    link = undefined
  }
  const endRow = () => {
    end()
    for (const piece of row?.pieces() ?? []) add(piece)
    row = undefined
  }
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (main > 0 || (onlyMain && isMain(name, attributes))) main++
        if (unread > 0 || isUnread(name, attributes)) {
          unread++
          return
        }
        if (name === 'title' && title === undefined) {
          inTitle = true
          title = ''
        }
        if (name === 'br') parts.push(level === undefined ? '\n' : ' ')
        else if (name === 'table' || name === 'tr') endRow()
        else if (BLOCKS.has(name)) end()
        if (name === 'tr') row = new HtmlTableRow()
        else if (name === 'td' || name === 'th') row?.startCell()
        else if (name === 'a') link = parts.length
        const heading = HEADING.exec(name)
        if (heading) level = Number(heading[1])
        if (name === 'pre') preformatted++
      },
      ontext(part) {
        if (unread > 0) return
        if (inTitle) title += part
        else if (onlyMain && main === 0) return
        else if (preformatted > 0) parts.push(part)
        else {
          const words = part.replace(/\s+/g, ' ')
          const text = /\s/.test(parts.at(-1)?.at(-1) ?? ' ') ? words.trimStart() : words
          if (text !== '') parts.push(text)
        }
      },
      onclosetag(name) {
        if (main > 0) main--
        if (unread > 0) {
          unread--
          return
        }
        if (name === 'title') inTitle = false
        else if (name === 'tr' || name === 'table') endRow()
        else if (BLOCKS.has(name)) end()
        else if (name === 'a' && link !== undefined && PERMALINK.test(parts.slice(link).join(''))) parts.length = link
        if (HEADING.test(name)) level = undefined
        if (name === 'pre') preformatted--
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  )
  parser.write(html)
  parser.end()
  endRow()
  return { title }
}

type Attributes = Readonly<Record<string, string>>

const isMain = (name: string, { role }: Attributes): boolean => name === 'main' || role === 'main'

const isUnread = (name: string, attributes: Attributes): boolean =>
  UNREAD.has(name) ||
  'hidden' in attributes ||
  attributes['aria-hidden'] === 'true' ||
  UNREAD_ROLES.has(attributes.role) ||
  HIDDEN_STYLE.test(attributes.style ?? '')
