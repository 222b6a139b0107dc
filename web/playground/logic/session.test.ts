import { expect, it } from 'vitest'
import { parseSession } from './session.ts'

const session = { text: 't', name: 'n', questions: ['q'], models: ['m'], threshold: 0.5, link: '', draft: undefined }

it('parses a stored session', () => {
  expect(parseSession(JSON.stringify(session))).toEqual(session)
  expect(parseSession(JSON.stringify({ ...session, draft: 'being written' }))?.draft).toBe('being written')
})

it('rejects anything else', () => {
  for (const json of [undefined, '', '{', 'null', '[]', '{"link": 1}', JSON.stringify({ ...session, questions: [1] })])
    expect(parseSession(json)).toBeUndefined()
})
