import { EventEmitter } from 'node:events'
import type { FastifyReply } from 'fastify'
import { expect, test } from 'vitest'
import { ClientGone, clientSignal } from './client.ts'

const replyTo = (state: object) => ({ raw: Object.assign(new EventEmitter(), state) }) as unknown as FastifyReply

test('a client that hangs up before its answer is told of', () => {
  const reply = replyTo({ destroyed: false, writableFinished: false })
  const signal = clientSignal(reply)
  expect(signal.aborted).toBe(false)
  reply.raw.emit('close')
  expect(signal.reason).toBeInstanceOf(ClientGone)
})

test('a client that had hung up before its request was read is told of too', () => {
  expect(clientSignal(replyTo({ destroyed: true, writableFinished: false })).reason).toBeInstanceOf(ClientGone)
})

test('a client that has its answer may close', () => {
  const reply = replyTo({ destroyed: false, writableFinished: true })
  const signal = clientSignal(reply)
  reply.raw.emit('close')
  expect(signal.aborted).toBe(false)
})
