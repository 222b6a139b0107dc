import { describe, expect, it } from 'vitest'
import { docxOf } from '../../../tests/docx-file.ts'
import { docxHtml } from './docx.ts'
import { readHtml } from './html.ts'

async function textOf(...args: Parameters<typeof docxOf>): Promise<string[]> {
  const found: string[] = []
  readHtml(await docxHtml(docxOf(...args), 1e6), ({ text, level }) => found.push(`${'#'.repeat(level ?? 0)}${text}`))
  return found
}

const run = (text: string) => `<w:r><w:t>${text}</w:t></w:r>`
const paragraph = (content: string, style = 'Text') =>
  `<w:p><w:pPr><w:pStyle w:val="${style}"/></w:pPr>${content}</w:p>`

describe('docxHtml', () => {
  it('reads text in fields, text with a direction, annotated characters and shapes', async () => {
    const field = '<w:fldSimple w:instr=" SEQ Figure "><w:r><w:t>7</w:t></w:r></w:fldSimple>'
    const ruby = `<w:r><w:ruby><w:rt>${run('kyo')}</w:rt><w:rubyBase>${run('京')}</w:rubyBase></w:ruby></w:r>`
    expect(
      await textOf([
        `<w:p>${run('Figure ')}${field}${run(': ')}<w:bdo w:val="ltr">${run('Pump')}</w:bdo></w:p>`,
        `<w:p>${ruby}</w:p>`,
      ]),
    ).toEqual(['Figure 7: Pump', '京'])
  })

  it('reads formulas as text', async () => {
    const part = (name: string, content: string) => `<m:${name}>${content}</m:${name}>`
    const letter = (text: string) => part('r', `<m:rPr><m:sty m:val="p"/></m:rPr>${part('t', text)}`)
    const power = part('sSup', `<m:sSupPr/>${part('e', letter('x'))}${part('sup', letter('2'))}`)
    const fraction = part('f', part('num', letter('a')) + part('den', letter('b')))
    expect(await textOf([`<w:p>${part('oMath', `${power}${letter('+')}${fraction}`)}</w:p>`])).toEqual(['x^2+a/b'])
  })

  it('finds headings by the outline level of their style, and the title', async () => {
    const style = (name: string, properties: string) =>
      `<w:style w:type="paragraph" w:styleId="${name}"><w:name w:val="${name}"/>${properties}</w:style>`
    const styles =
      style('Title', '<w:pPr><w:outlineLvl w:val="9"/></w:pPr>') +
      style('Chapter', '<w:basedOn w:val="Heading1"/>') +
      style('Part', '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>') +
      style('Body', '<w:basedOn w:val="Heading1"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr>') +
      style('Circle', '<w:basedOn w:val="Circle"/>')
    const paragraphs = ['Title', 'Chapter', 'Part', 'Body', 'Circle'].map((name) => paragraph(run(name), name))
    expect(await textOf(paragraphs, { styles })).toEqual(['#Title', '#Chapter', '##Part', 'Body', 'Circle'])
  })

  it('reads notes below the paragraph that refers to them', async () => {
    const note = (id: number) => `<w:footnote w:id="${id}"><w:p>${run(`Note ${id}`)}</w:p></w:footnote>`
    const reference = (id: number) => `<w:r><w:footnoteReference w:id="${id}"/></w:r>`
    const cell = `<w:tbl><w:tr><w:tc><w:p>${run('Cell')}${reference(2)}</w:p></w:tc></w:tr></w:tbl>`
    const first = `<w:p>${run('One')}${reference(1)}${run(' two.')}${reference(3)}</w:p>`
    expect(await textOf([first, cell, '# End'], { footnotes: note(1) + note(2) })).toEqual([
      'One two.',
      'Note 1',
      'Cell',
      'Note 2',
      '#End',
    ])
  })

  it('finds the main part by its relationship', async () => {
    expect(await textOf(['Text'], { main: 'document2' })).toEqual(['Text'])
  })
})
