/** Formats a server-sent event. `json` must be a single line, as returned by JSON.stringify. */
export const sse = (event: string, json: string, id?: string | number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${json}\n\n`

/** Response headers of an event stream. X-Accel-Buffering disables buffering in nginx. */
export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const
