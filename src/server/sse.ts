/** Server-sent events, as the HTML standard writes them. */

/** One event; `json` must be a single line, as JSON.stringify writes it. */
export const sse = (event: string, json: string, id?: string | number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${json}\n\n`

/** The last one keeps proxies from gathering what should arrive at once. */
export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const
