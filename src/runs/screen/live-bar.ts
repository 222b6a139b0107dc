/** A progress bar that can print lines above itself. */
export interface LiveBar {
  log(text: string): void
  update(): void
}

let live: LiveBar | undefined

/** Registers the progress bar that is on the screen now. */
export const showLiveBar = (bar: LiveBar): void => {
  live = bar
}

export const hideLiveBar = (bar: LiveBar): void => {
  if (live === bar) live = undefined
}

/** Writes a line above the current progress bar, if there is one, so that the bar does not overwrite it. */
export function printAbove(text: string, stream: NodeJS.WritableStream): void {
  if (!live) return void stream.write(`${text}\n`)
  live.log(`${text}\n`)
  live.update()
}

let quiet = false

/** Whether progress and notes are hidden (--quiet). */
export const isQuiet = (): boolean => quiet

export const setQuiet = (value: boolean): void => {
  quiet = value
}
