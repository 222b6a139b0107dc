/** A server-sent event in the response to a POST request, which EventSource does not support. */
export interface ServerEvent {
  readonly name: string
  readonly data: string
}

/** Parses events as specified at https://html.spec.whatwg.org/multipage/server-sent-events.html, except id, retry. */
export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  let rest = ''
  let name = ''
  let data: string[] = []
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + part.value).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop()!
      for (const line of lines) {
        const [field, value] = fieldOf(line)
        if (field === 'event') name = value
        else if (field === 'data') data.push(value)
        else if (line === '') {
          if (data.length > 0) yield { name: name || 'message', data: data.join('\n') }
          name = ''
          data = []
        }
      }
    }
  } finally {
    // Cancels the response when the consumer leaves the loop.
    await reader.cancel().catch(() => {})
  }
}

function fieldOf(line: string): readonly [field: string, value: string] {
  const colon = line.indexOf(':')
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
}
