import type { Pulse, RunStatus } from '../../src/dashboard/records.ts'

const WORDS: Readonly<Record<RunStatus, string>> = {
  preparing: 'Preparing',
  running: 'Training',
  pausing: 'Pausing after this step',
  paused: 'Paused',
  stopping: 'Saving after this step',
  interrupted: 'Stopped',
  finishing: 'Writing model and report',
  finished: 'Finished',
  failed: 'Failed',
}

type Activity = Pulse['activity']

/** What is being counted now. What is counted to its end stays in the pulse until something else is: it is over. */
export const goingOn = (status: RunStatus, activity: Activity): Activity =>
  activity && activity.done < activity.total && !ENDED.includes(status) ? activity : undefined

const ENDED: readonly RunStatus[] = ['interrupted', 'finished', 'failed']

/** What the run does, in words: it evaluates in the midst of training, and once more before it writes the report. */
export function statusText(status: RunStatus, activity: Activity): string {
  const isEvaluating = goingOn(status, activity)?.label === 'Evaluating'
  return isEvaluating && (status === 'running' || status === 'finishing') ? 'Evaluating' : WORDS[status]
}
