import { type ZipFile, zipOf } from './zip-archive.ts'

const OFFICE = 'http://schemas.openxmlformats.org'

const paragraph = (text: string, style?: string): string =>
  `<w:p>${style ? `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>` : ''}<w:r><w:t>${text}</w:t></w:r></w:p>`

interface DocxOptions extends Pick<ZipFile, 'declared'> {
  readonly footnotes?: string
  /** Styles in addition to that of headings. */
  readonly styles?: string
  /** Name of the main part without its ending. */
  readonly main?: string
}

/**
 * Creates a Word document of paragraphs. Those that begin with "# " are headings of level 1, and those that begin with "<w:"
 * are elements.
 */
export function docxOf(
  paragraphs: readonly string[],
  { declared, footnotes, styles = '', main = 'document' }: DocxOptions = {},
): Buffer {
  const body = paragraphs.map((text) => {
    if (text.startsWith('<w:')) return text
    return text.startsWith('# ') ? paragraph(text.slice(2), 'Heading1') : paragraph(text)
  })
  const part = (name: string, content: string, more = {}) => ({ name, content: Buffer.from(content), ...more })
  return zipOf([
    part(
      '[Content_Types].xml',
      `<Types xmlns="${OFFICE}/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/${main}.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
    ),
    part(
      '_rels/.rels',
      `<Relationships xmlns="${OFFICE}/package/2006/relationships"><Relationship Id="r" Type="${OFFICE}/officeDocument/2006/relationships/officeDocument" Target="word/${main}.xml"/></Relationships>`,
    ),
    part(
      'word/styles.xml',
      `<w:styles xmlns:w="${OFFICE}/wordprocessingml/2006/main"><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>${styles}</w:styles>`,
    ),
    part(
      `word/${main}.xml`,
      `<w:document xmlns:w="${OFFICE}/wordprocessingml/2006/main"><w:body>${body.join('')}</w:body></w:document>`,
      declared === undefined ? {} : { declared },
    ),
    ...(footnotes === undefined
      ? []
      : [
          part(
            'word/footnotes.xml',
            `<w:footnotes xmlns:w="${OFFICE}/wordprocessingml/2006/main">${footnotes}</w:footnotes>`,
          ),
        ]),
  ])
}
