import { signal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { timeLeft, timeSpent } from '../../../src/dashboard/figures.ts'
import type { Action } from '../../../src/dashboard/record-log.ts'
import type { RunStatus } from '../../../src/dashboard/records.ts'
import type { RunView } from '../../../src/dashboard/run-view.ts'
import { clock, count } from '../../../src/report/render/format.ts'
import { tokenOfAddress } from '../address.ts'
import { control } from '../api.ts'
import { currentActivity, statusText } from '../status.ts'
import { connection, isLive, pulse, runName, type Shown, trouble } from '../store.ts'

/** Status, progress and controls of a run. */
export function RunHeader({ shown: { id, view, problems } }: { readonly shown: Shown }) {
  const { status, message } = view
  return (
    <header class="run-header">
      <div class="run-title">
        <h1>{runName(id)}</h1>
        <p class={`status ${status}`} role="status">
          {statusText(status, isLive.value ? pulse.value?.activity : undefined)}
        </p>
        {isLive.value && <Connection />}
        {isLive.value && tokenOfAddress() && connection.value === 'open' && <Controls status={status} />}
      </div>
      {message && <p class={`message ${status}`}>{message}</p>}
      {problems.length > 0 && (
        <ul class="problems" aria-label="Corrupted files">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      <ProgressBar view={view} />
    </header>
  )
}

function ProgressBar({ view }: { readonly view: RunView }) {
  const { step, max_steps, steps_per_epoch } = view
  const activity = currentActivity(view.status, isLive.value ? pulse.value?.activity : undefined)
  const left = ['running', 'pausing', 'paused'].includes(view.status) ? timeLeft(view) : undefined
  const spent = timeSpent(view)
  const share = max_steps ? step / max_steps : 0
  return (
    <div class="progress">
      <progress max={1} value={share} aria-label={`Training, ${Math.round(100 * share)} %`} />
      <p>
        {max_steps > 0 && (
          <span>
            step <b>{count(step)}</b> of {count(max_steps)}
          </span>
        )}
        {steps_per_epoch > 0 && (
          <span>
            epoch <b>{(step / steps_per_epoch).toFixed(2)}</b> of {Number((max_steps / steps_per_epoch).toFixed(2))}
          </span>
        )}
        {spent > 0 && (
          <span>
            <b>{clock(spent)}</b> elapsed
          </span>
        )}
        {left !== undefined && (
          <span>
            about <b>{clock(left)}</b> left
          </span>
        )}
        {activity && (
          <span class="activity">
            {activity.label} {count(activity.done)} of {count(activity.total)} {activity.unit}
          </span>
        )}
      </p>
    </div>
  )
}

function Connection() {
  const words = {
    connecting: 'connecting',
    open: '',
    lost: 'connection lost, reconnecting',
    ended: 'the process has ended',
  }
  const text = words[connection.value]
  return text ? <p class="connection">{text}</p> : null
}

const rejected = signal<string | undefined>(undefined)

function Controls({ status }: { readonly status: RunStatus }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const ask = async (action: Action) => {
    try {
      await control(action)
      rejected.value = undefined
      trouble.value = undefined
    } catch (error) {
      rejected.value = (error as Error).message
    }
  }
  const stop = () => {
    dialog.current?.close()
    void ask('stop')
  }
  const isHeld = status === 'paused' || status === 'pausing'
  const canStop = isHeld || status === 'running' || status === 'preparing'
  return (
    <div class="controls">
      {isHeld ? (
        <button type="button" onClick={() => ask('resume')}>
          Resume
        </button>
      ) : (
        status === 'running' && (
          <button type="button" onClick={() => ask('pause')}>
            Pause
          </button>
        )
      )}
      {canStop && (
        <button type="button" class="quiet" onClick={() => dialog.current?.showModal()}>
          Stop and save
        </button>
      )}
      {rejected.value && <p role="alert">{rejected.value}</p>}
      <dialog ref={dialog} aria-labelledby="stop-title">
        <h2 id="stop-title">Stop this run?</h2>
        <p>
          The run finishes the current step and saves a checkpoint. You can resume from it later with bit-identical
          results.
        </p>
        <div class="choices">
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Continue training
          </button>
          <button type="button" class="danger" onClick={stop}>
            Stop and save
          </button>
        </div>
      </dialog>
    </div>
  )
}
