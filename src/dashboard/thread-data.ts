import type { Pulse } from './records.ts'

/** What the dashboard's thread starts with. */
export interface ThreadData {
  readonly name: string
  readonly folder: string
  readonly depth: number
  readonly host: string | undefined
  readonly port: number | undefined
  readonly pulse: Pulse
}
