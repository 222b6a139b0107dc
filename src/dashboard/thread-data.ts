import type { Pulse } from './records.ts'

/** Start data of the dashboard's thread. */
export interface ThreadData {
  readonly name: string
  readonly folder: string
  readonly depth: number
  readonly host: string | undefined
  readonly port: number | undefined
  readonly pulse: Pulse
}
