import { expect, it } from 'vitest'
import { parseSession } from './session.ts'

const session = {
  ...{ text: 't', name: 'n', questions: ['q'], models: ['m'], threshold: 0.5 },
  link: '',
  documents: true,
  searched: [{ question: 'd', within: [[1, 'manual.pdf']] }],
  draft: undefined,
}

it('parses a stored session', () => {
  expect(parseSession(JSON.stringify(session))).toEqual(session)
  expect(parseSession(JSON.stringify({ ...session, draft: 'being written' }))?.draft).toBe('being written')
})

it('parses a session of an earlier version, and ignores corrupted questions to documents', () => {
  const { documents, searched, ...earlier } = session
  expect(parseSession(JSON.stringify(earlier))).toEqual({ ...earlier, documents: undefined, searched: [] })
  const corrupted = [
    ...searched,
    { question: 'd' },
    { question: 1, within: [] },
    { question: 'd', within: [['1']] },
    null,
  ]
  expect(parseSession(JSON.stringify({ ...session, searched: corrupted }))).toEqual(session)
})

it('rejects anything else', () => {
  for (const json of [undefined, '', '{', 'null', '[]', '{"link": 1}', JSON.stringify({ ...session, questions: [1] })])
    expect(parseSession(json)).toBeUndefined()
})
