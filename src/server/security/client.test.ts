import { EventEmitter } from 'node:events'
import type { FastifyReply } from 'fastify'
import { expect, test } from 'vitest'
import { ClientGone, clientSignal, networkOf } from './client.ts'

const replyTo = (state: object) => ({ raw: Object.assign(new EventEmitter(), state) }) as unknown as FastifyReply

test('the signal is aborted when the client disconnects before the response', () => {
  const reply = replyTo({ destroyed: false, writableFinished: false })
  const signal = clientSignal(reply)
  expect(signal.aborted).toBe(false)
  reply.raw.emit('close')
  expect(signal.reason).toBeInstanceOf(ClientGone)
})

test('the signal is already aborted if the client disconnected before its request was read', () => {
  expect(clientSignal(replyTo({ destroyed: true, writableFinished: false })).reason).toBeInstanceOf(ClientGone)
})

test('the signal is not aborted when the client closes after the response', () => {
  const reply = replyTo({ destroyed: false, writableFinished: true })
  const signal = clientSignal(reply)
  reply.raw.emit('close')
  expect(signal.aborted).toBe(false)
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
  ['2001:db8:0:1::7', '2001:db8:0:1'],
  ['2001:db8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
