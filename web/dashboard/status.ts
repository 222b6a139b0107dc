import type { Pulse, RunStatus } from '../../src/dashboard/records.ts'

const WORDS: Readonly<Record<RunStatus, string>> = {
  preparing: 'Preparing',
  running: 'Training',
  pausing: 'Pausing after this step',
  paused: 'Paused',
  stopping: 'Saving after this step',
  interrupted: 'Interrupted',
  finishing: 'Writing model and report',
  finished: 'Finished',
  failed: 'Failed',
}

type Activity = Pulse['activity']

/** The activity in progress. A completed activity remains in the pulse until the next one starts, and is ignored. */
export const currentActivity = (status: RunStatus, activity: Activity): Activity =>
  activity && activity.done < activity.total && !isEnded(status) ? activity : undefined

export const isEnded = (status: RunStatus): boolean => ['interrupted', 'finished', 'failed'].includes(status)

/** The status as text. Runs evaluate during training and once more before they write the report. */
export function statusText(status: RunStatus, activity: Activity): string {
  const isEvaluating = currentActivity(status, activity)?.label === 'Evaluating'
  return isEvaluating && (status === 'running' || status === 'finishing') ? 'Evaluating' : WORDS[status]
}
