import { describe, expect, it } from 'vitest'
import { readHtml } from './html.ts'

function textOf(html: string): string[] {
  const found: string[] = []
  readHtml(html, ({ text, level }) => found.push(`${'#'.repeat(level ?? 0)}${text}`.trim()))
  return found
}

describe('readHtml', () => {
  it('reads the main element only, if there is one that has text', () => {
    const page = (main: string) => `<header>Shop</header>${main}<footer>Imprint</footer>`
    expect(textOf(page('<main><div><p>Text</p></div><p>More</main>'))).toEqual(['Text', 'More'])
    expect(textOf(page('<div role="main"><p>Text</div>'))).toEqual(['Text'])
    expect(textOf(page('<main></main><p>Text'))).toEqual(['Shop', 'Text', 'Imprint'])
  })

  it('does not read menus, hidden elements, buttons and readings of characters', () => {
    const unread =
      '<nav><ul><li>Home</ul></nav><div role="search">Find</div><button>Copy</button><p style="color:red; display: none">x' +
      '</p><img hidden><p hidden>x</p><noframes>Get a browser</noframes>'
    expect(textOf(`<p>Before${unread}<p><ruby>東京<rp>(</rp><rt>とうきょう</rt></ruby>`)).toEqual(['Before', '東京'])
  })

  it('does not read links from headings to themselves', () => {
    expect(textOf('<h2><a name=x></a>Setup<a class="headerlink" href="#setup">¶</a></h2><h2>C#</h2>')).toEqual([
      '##Setup',
      '##C#',
    ])
  })

  it('keeps a heading with a line break in one piece', () => {
    expect(textOf('<h1>Chapter 1<br>Setup</h1><p>One<br>two</p><pre>a<br>b</pre>')).toEqual([
      '#Chapter 1 Setup',
      'One\ntwo',
      'a\nb',
    ])
  })

  it('reads a row of a table as a line', () => {
    const rows = '<tr><th>Part<th>Price<tr><td><p>Pump</p><td><p>3 €</p><p>used</p><td></td></tr>'
    expect(textOf(`<p>Parts:<table>${rows}</table>Shipped`)).toEqual([
      'Parts:',
      'Part | Price',
      'Pump | 3 € used',
      'Shipped',
    ])
  })

  it('reads the parts of a page that a table arranges one after the other', () => {
    const inner = '<table><tr><td>Pump<td>3 €</table>'
    expect(textOf(`<table><tr><td><h2>Parts</h2>${inner}<td>Right</table>`)).toEqual(['##Parts', 'Pump | 3 €', 'Right'])
    expect(textOf(`<table><tr><td>${'Left '.repeat(200)}<td>Right</table>`)).toHaveLength(2)
  })

  it('reads a paragraph with many parts in linear time', () => {
    const began = performance.now()
    expect(textOf('<p>a &amp; b<br>'.repeat(3) + '<b>x</b> '.repeat(60_000) + '&amp;<br>'.repeat(60_000))).toHaveLength(
      3,
    )
    expect(performance.now() - began).toBeLessThan(6000)
  })
})
