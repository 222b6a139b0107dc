import { describe, expect, it } from 'vitest'
import { frontMatter } from './front-matter.ts'
import { declaredEncoding, decodedText, textPieces } from './text.ts'

describe('decodedText', () => {
  it('reads UTF-8 with an invalid byte as UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('Übung für alle'), Buffer.from([0xff])])
    expect(decodedText(bytes)).toBe('Übung für alle\ufffd')
    expect(decodedText(Buffer.from('Größe für alle', 'latin1'))).toBe('Größe für alle')
  })

  it('uses the encoding that an HTML document declares, unless it is wrong', () => {
    const russian = Buffer.from([0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2])
    const page = (declaration: string, text: Uint8Array) => {
      const bytes = Buffer.concat([Buffer.from(declaration), text])
      return decodedText(bytes, declaredEncoding(bytes)).slice(declaration.length)
    }
    expect(page('<meta http-equiv=Content-Type content="text/html; charset=windows-1251">', russian)).toBe('Привет')
    expect(page('<meta charset="windows-1251">', russian)).toBe('Привет')
    expect(page('<?xml version="1.0" encoding=\'windows-1251\'?>', russian)).toBe('Привет')
    expect(page('<meta charset="none such">', Buffer.from([0xe4]))).toBe('ä')
    expect(page('<meta charset="iso-8859-1">', Buffer.from('Привет'))).toBe('Привет')
  })
})

describe('textPieces', () => {
  it('leaves out the headers and footers of pages that form feeds separate', () => {
    const page = (number: number) => `RFC 1  Pumps  May 1999\n\nText ${'abc'[number]}.\n\nAcme  [Page ${number}]\n`
    expect([...textPieces([0, 1, 2].map(page).join('\f'))].map(({ text }) => text)).toEqual([
      'Text a.',
      'Text b.',
      'Text c.',
    ])
    expect([...textPieces('One\r\f\rTwo\n')].map(({ text }) => text)).toEqual(['One', 'Two'])
  })
})

describe('frontMatter', () => {
  it('finds the title in YAML and TOML', () => {
    expect(frontMatter('---\r\ntags: [a]\r\ntitle: "My: page"\r\n---\r\nText')).toEqual({
      title: 'My: page',
      rest: 'Text',
    })
    expect(frontMatter("+++\ntitle = 'Page'\n+++\nText")).toEqual({ title: 'Page', rest: 'Text' })
    expect(frontMatter('---\n---\nText')).toEqual({ rest: 'Text' })
  })

  it('keeps text between rules', () => {
    const text = '---\n\nText\n\n---\nMore'
    expect(frontMatter(text)).toEqual({ rest: text })
  })
})
