import { describe, expect, it } from 'vitest'
import { type ServerEvent, serverEvents } from './server-events.ts'

async function parsed(text: string, size: number): Promise<ServerEvent[]> {
  const bytes = new TextEncoder().encode(text)
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size))
      controller.close()
    },
  })
  const events: ServerEvent[] = []
  for await (const event of serverEvents(body)) events.push(event)
  return events
}

describe('server-sent events', () => {
  const text = ': a comment\n\nevent: progress\ndata: {"a":\ndata: "é🦊"}\n\r\nevent:end\r\ndata:1\r\n\r\ndata: cut off'
  const events = [
    { name: 'progress', data: '{"a":\n"é🦊"}' },
    { name: 'end', data: '1' },
  ]

  it.each([1, 2, 7, 1000])('are parsed from chunks of %i bytes', async (size) => {
    expect(await parsed(text, size)).toEqual(events)
  })

  it('are messages without a name, and ignored without data', async () => {
    expect(await parsed('data: x\n\nevent: nothing\n\ndata: y\n\n', 5)).toEqual([
      { name: 'message', data: 'x' },
      { name: 'message', data: 'y' },
    ])
  })

  it('cancel the response when the consumer stops', async () => {
    let canceled = false
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('data: x\n\n')),
      cancel: () => {
        canceled = true
      },
    })
    for await (const event of serverEvents(body)) {
      expect(event.data).toBe('x')
      break
    }
    expect(canceled).toBe(true)
  })
})
