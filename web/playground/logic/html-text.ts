/** Extracts the visible text of an HTML document, with a line per block. */

const BLOCKS = new Set(
  (
    'ADDRESS ARTICLE ASIDE BLOCKQUOTE DD DETAILS DIALOG DIV DL DT FIELDSET FIGCAPTION FIGURE FOOTER FORM H1 H2 H3 H4 ' +
    'H5 H6 HEADER HR LI MAIN NAV OL P PRE SECTION SUMMARY TABLE TR UL'
  ).split(' '),
)
const SPACED = new Set('BLOCKQUOTE FIGURE H1 H2 H3 H4 H5 H6 OL P PRE TABLE UL'.split(' '))
const UNREAD = new Set('HEAD SCRIPT STYLE TEMPLATE NOSCRIPT IFRAME OBJECT SVG MATH SELECT TEXTAREA'.split(' '))

const TEXT = 3

export function htmlText(root: Node): string {
  const lines = new Lines()
  const visit = (node: Node, preformatted: boolean): void => {
    if (node.nodeType === TEXT) {
      if (preformatted) lines.addAsItIs(node.textContent ?? '')
      else lines.add(node.textContent ?? '')
      return
    }
    const name = node.nodeName.toUpperCase()
    if (UNREAD.has(name) || ('hasAttribute' in node && (node as Element).hasAttribute('hidden'))) return
    const breaks = SPACED.has(name) ? 2 : BLOCKS.has(name) || name === 'BR' ? 1 : 0
    lines.end(breaks)
    for (const child of node.childNodes) visit(child, preformatted || name === 'PRE')
    if (name === 'TD' || name === 'TH') lines.add(' ')
    if (name !== 'BR') lines.end(breaks)
  }
  visit(root, false)
  return lines.toString()
}

/** Collects lines, and the line breaks required before the next text. */
class Lines {
  private readonly parts: string[] = []
  private line = ''
  private breaks = 0

  add(text: string): void {
    const words = text.replace(/\s+/g, ' ')
    this.addAsItIs(this.line === '' || this.line.endsWith(' ') ? words.trimStart() : words)
  }

  addAsItIs(text: string): void {
    if (text === '') return
    if (this.breaks > 0 && this.parts.length > 0) this.parts.push('\n'.repeat(this.breaks))
    this.breaks = 0
    this.line += text
  }

  end(breaks: number): void {
    if (breaks === 0) return
    const line = this.line.trimEnd()
    if (line !== '') this.parts.push(line)
    this.line = ''
    this.breaks = Math.max(this.breaks, breaks)
  }

  toString(): string {
    this.end(1)
    return this.parts.join('')
  }
}
