import { parseHTML } from 'linkedom'
import { marked } from 'marked'
import { describe, expect, it } from 'vitest'
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
