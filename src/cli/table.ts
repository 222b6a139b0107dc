/** Commands and reports lay out tables the same way; here also: whether a stream may be coloured. */
export * from '../report/table.ts'

/** Colours only on a terminal that shows them, and never when NO_COLOR is set (https://no-color.org). */
export const hasColour = (stream: { isTTY?: boolean; hasColors?: () => boolean }): boolean =>
  Boolean(stream.isTTY && !process.env.NO_COLOR && (stream.hasColors?.() ?? true))
