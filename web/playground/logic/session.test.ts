import { expect, it } from 'vitest'
import { parseSession } from './session.ts'

const session = { text: 't', name: 'n', questions: ['q'], models: ['m'], threshold: 0.5, link: '', draft: undefined }

it('a session is read back as it was kept', () => {
  expect(parseSession(JSON.stringify(session))).toEqual(session)
  expect(parseSession(JSON.stringify({ ...session, draft: 'being written' }))?.draft).toBe('being written')
})

it('anything else is not a session', () => {
  for (const json of [undefined, '', '{', 'null', '[]', '{"link": 1}', JSON.stringify({ ...session, questions: [1] })])
    expect(parseSession(json)).toBeUndefined()
})
