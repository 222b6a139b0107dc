import { parseHTML } from 'linkedom'
import { marked } from 'marked'
import { describe, expect, it } from 'vitest'
import { pageText, type TextItem } from '../../../src/documents/formats/pdf-lines.ts'
import { decoded, tidy } from './file-text.ts'
import { htmlText } from './html-text.ts'

const read = (html: string) => htmlText(parseHTML(html).document as unknown as Node)

describe('the text of an HTML page', () => {
  it('has one line per block', () => {
    const page =
      '<html><body><h1>A  title</h1>\n<p>One\n<b>bold</b> word.</p><ul><li>first</li><li>second</li></ul>x<br>y</body></html>'
    expect(read(page)).toBe('A title\n\nOne bold word.\n\nfirst\nsecond\n\nx\ny')
  })

  it('omits invisible elements', () => {
    const page =
      '<html><head><title>T</title><style>p{}</style></head><body><script>alert(1)</script><p hidden>h</p>seen<noscript>n</noscript></body></html>'
    expect(read(page)).toBe('seen')
  })

  it('separates table cells and keeps preformatted lines', () => {
    expect(read('<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>')).toBe('a b\nc')
    expect(read('<pre>one\n  two</pre>')).toBe('one\n  two')
  })

  it('keeps escaped markup as text', () => {
    expect(read('<p>&lt;img src=x onerror=alert(1)&gt;</p>')).toBe('<img src=x onerror=alert(1)>')
  })

  it('has no formatting characters if converted from Markdown', () => {
    const html = marked.parse('# Title\n\nSome *emphasis*, a [link](https://example.org) and `code`.\n\n- one\n- two\n')
    expect(read(`<html><body>${html}</body></html>`)).toBe('Title\n\nSome emphasis, a link and code.\n\none\ntwo')
  })
})

describe('the text of a PDF page', () => {
  const line = (str: string, y: number, height = 10): TextItem => ({
    str,
    hasEOL: true,
    height,
    transform: [1, 0, 0, 1, 72, y],
  })

  it('joins the lines of a paragraph and hyphenated words', () => {
    expect(pageText([line('The first para-', 700), line('graph has Anglo-', 688), line('Saxon words.', 676)])).toBe(
      'The first paragraph has Anglo-Saxon words.',
    )
  })

  it('starts a paragraph after a gap and when the font size changes', () => {
    const lines = [line('Title', 720, 18), line('One', 700), line('two.', 688), line('Three', 664), line('four.', 652)]
    expect(pageText(lines)).toBe('Title\n\nOne two.\n\nThree four.')
  })

  it('joins the pieces of a line', () => {
    const piece = (str: string): TextItem => ({ ...line(str, 700), hasEOL: false })
    expect(pageText([piece('One'), piece(' '), piece('line'), piece(''), { ...line('', 700) }])).toBe('One line')
  })

  it('continues in the next column', () => {
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

  it('is decoded as UTF-8, as UTF-16 with a byte order mark, or else as Windows-1252', () => {
    expect(read(0xc3, 0xa9)).toBe('é')
    expect(read(0xff, 0xfe, 0xe9, 0)).toBe('é')
    expect(read(0xfe, 0xff, 0, 0xe9)).toBe('é')
    // Node decodes Windows-1252 as ISO 8859-1, so this test cannot cover quotation marks.
    expect(read(0x61, 0xe9)).toBe('aé')
  })

  it('is rejected for binary files', () => {
    expect(() => read(0x89, 0x50, 0, 0)).toThrow('“a.txt” is not a text file')
  })

  it('has normalized line breaks', () => {
    expect(tidy('\ufeffa\r\nb\rc\n')).toBe('a\nb\nc\n')
  })
})
