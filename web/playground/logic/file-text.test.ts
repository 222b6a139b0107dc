import { parseHTML } from 'linkedom'
import { marked } from 'marked'
import { describe, expect, it } from 'vitest'
import { decoded, tidy } from './file-text.ts'
import { htmlText } from './html-text.ts'
import { type Piece, pageText } from './pdf-lines.ts'

const read = (html: string) => htmlText(parseHTML(html).document as unknown as Node)

describe('the text of an HTML page', () => {
  it('has blocks on lines of their own, and running text in one', () => {
    const page =
      '<html><body><h1>A  title</h1>\n<p>One\n<b>bold</b> word.</p><ul><li>first</li><li>second</li></ul>x<br>y</body></html>'
    expect(read(page)).toBe('A title\n\nOne bold word.\n\nfirst\nsecond\n\nx\ny')
  })

  it('leaves out what a reader does not see', () => {
    const page =
      '<html><head><title>T</title><style>p{}</style></head><body><script>alert(1)</script><p hidden>h</p>seen<noscript>n</noscript></body></html>'
    expect(read(page)).toBe('seen')
  })

  it('keeps cells apart, and lines of preformatted text', () => {
    expect(read('<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>')).toBe('a b\nc')
    expect(read('<pre>one\n  two</pre>')).toBe('one\n  two')
  })

  it('shows markup that was written as text', () => {
    expect(read('<p>&lt;img src=x onerror=alert(1)&gt;</p>')).toBe('<img src=x onerror=alert(1)>')
  })

  it('of Markdown has no marks', () => {
    const html = marked.parse('# Title\n\nSome *emphasis*, a [link](https://example.org) and `code`.\n\n- one\n- two\n')
    expect(read(`<html><body>${html}</body></html>`)).toBe('Title\n\nSome emphasis, a link and code.\n\none\ntwo')
  })
})

describe('the text of a page of a PDF', () => {
  const line = (str: string, y: number, height = 10): Piece => ({
    str,
    hasEOL: true,
    height,
    transform: [1, 0, 0, 1, 72, y],
  })

  it('joins the lines of a paragraph, and makes hyphenated words whole', () => {
    expect(pageText([line('The first para-', 700), line('graph has Anglo-', 688), line('Saxon words.', 676)])).toBe(
      'The first paragraph has Anglo-Saxon words.',
    )
  })

  it('begins a paragraph after a gap, and where the size of the type changes', () => {
    const lines = [line('Title', 720, 18), line('One', 700), line('two.', 688), line('Three', 664), line('four.', 652)]
    expect(pageText(lines)).toBe('Title\n\nOne two.\n\nThree four.')
  })

  it('puts the pieces of a line together', () => {
    const piece = (str: string): Piece => ({ ...line(str, 700), hasEOL: false })
    expect(pageText([piece('One'), piece(' '), piece('line'), piece(''), { ...line('', 700) }])).toBe('One line')
  })

  it('goes on in the next column', () => {
    expect(pageText([line('a sentence that', 100), line('begins here and', 88), line('ends there.', 700)])).toBe(
      'a sentence that begins here and ends there.',
    )
  })

  it('is empty for an empty page', () => {
    expect(pageText([])).toBe('')
  })
})

describe('the text of a plain file', () => {
  const read = (...bytes: number[]) => decoded('a.txt', Uint8Array.from(bytes))

  it('is read in UTF-8, in UTF-16 by its mark, and in Windows-1252 where it is neither', () => {
    expect(read(0xc3, 0xa9)).toBe('é')
    expect(read(0xff, 0xfe, 0xe9, 0)).toBe('é')
    expect(read(0xfe, 0xff, 0, 0xe9)).toBe('é')
    // Node takes Windows-1252 for ISO 8859-1, browsers do not: quotation marks would show it.
    expect(read(0x61, 0xe9)).toBe('aé')
  })

  it('is refused where the file is of another kind', () => {
    expect(() => read(0x89, 0x50, 0, 0)).toThrow('“a.txt” is no text')
  })

  it('has line breaks of one kind', () => {
    expect(tidy('\ufeffa\r\nb\rc\n')).toBe('a\nb\nc\n')
  })
})
