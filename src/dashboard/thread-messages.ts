/** What the training's thread and the dashboard's thread say to each other. */
import type { Action } from './live-source.ts'
import type { Pulse } from './records.ts'
import type { Dashboard } from './server.ts'

/** What the dashboard's thread starts with. */
export interface ThreadData {
  readonly name: string
  readonly folder: string
  readonly depth: number
  readonly host: string | undefined
  readonly port: number | undefined
  readonly pulse: Pulse
}

export type ToServer =
  | { readonly type: 'record'; readonly json: string }
  | { readonly type: 'pulse'; readonly pulse: Pulse }
  | { readonly type: 'controlled'; readonly id: number; readonly refusal?: string }
  | { readonly type: 'close' }

export type ToRun =
  | { readonly type: 'listening'; readonly dashboard: Pick<Dashboard, 'address' | 'port'> }
  | { readonly type: 'failed'; readonly message: string; readonly remedy?: string }
  | { readonly type: 'watched'; readonly isWatched: boolean }
  | { readonly type: 'control'; readonly id: number; readonly action: Action }
