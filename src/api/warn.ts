export type Warn = (message: string) => void

export const toStandardError: Warn = (message) => void process.stderr.write(`${message}\n`)
