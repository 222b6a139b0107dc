import { describe, expect, it } from 'vitest'
import { compress, decompress } from './packed.ts'
import { fromFragment, type Shared, toFragment } from './share-link.ts'

const shared: Shared = {
  text: 'The 🦊 lives in “Łódź”.\n<script>alert(1)</script>',
  name: 'fox.txt',
  questions: ['Where does it live?', 'Who?'],
  models: ['minilm'],
  threshold: 0.25,
}

describe('a share link', () => {
  it('survives a round trip', async () => {
    expect(await fromFragment(await toFragment(shared))).toEqual(shared)
  })

  it('consists of URL-safe characters', async () => {
    expect(await toFragment({ ...shared, text: 'x÷y?'.repeat(500) })).toMatch(/^#share=[\w-]+$/)
  })

  it('is much shorter than a long text', async () => {
    const text = 'Rivers of the north freeze early, and those of the south not at all. '.repeat(1000)
    expect((await toFragment({ ...shared, text })).length).toBeLessThan(text.length / 50)
  })

  it('is reported as corrupted if it is truncated or changed', async () => {
    const whole = await toFragment({ ...shared, text: Array.from({ length: 300 }, (_, i) => `word${i * i}`).join(' ') })
    for (const broken of [whole.slice(0, -20), `${whole.slice(0, 40)}AAAA${whole.slice(44)}`, '#share=%%%', '#share='])
      await expect(fromFragment(broken), broken.slice(0, 50)).rejects.toThrow('This link is corrupted')
  })

  it('is reported as corrupted if its content is invalid', async () => {
    for (const other of [null, 1, [], { ...shared, text: 1 }, { ...shared, questions: [1] }])
      await expect(fromFragment(`#share=${await compress(JSON.stringify(other))}`)).rejects.toThrow(
        'This link is corrupted',
      )
  })

  it('ignores a threshold out of range', async () => {
    const link = await toFragment({ ...shared, threshold: 7 })
    expect(await fromFragment(link)).toEqual({ ...shared, threshold: 0 })
  })

  it('is distinguished from other fragments', async () => {
    expect(await fromFragment('')).toBeUndefined()
    expect(await fromFragment('#text')).toBeUndefined()
  })
})

describe('a packed text', () => {
  it('can have any length and contain any character', async () => {
    const text = Array.from({ length: 200_000 }, (_, i) => String.fromCodePoint(32 + ((i * 7919) % 50_000))).join('')
    expect(await decompress(await compress(text))).toBe(text)
  })

  it('is rejected during unpacking if it is too long', async () => {
    await expect(decompress(await compress('a'.repeat(20_000_001)))).rejects.toThrow('more than 20000000 characters')
  })
})
