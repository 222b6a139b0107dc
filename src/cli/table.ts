/** Table layout, shared with reports, and colour support of streams. */
export * from '../report/table.ts'

/** Whether a stream is a terminal that supports colours and NO_COLOR is not set (https://no-color.org). */
export const hasColour = (stream: { isTTY?: boolean; hasColors?: () => boolean }): boolean =>
  Boolean(stream.isTTY && !process.env.NO_COLOR && (stream.hasColors?.() ?? true))
