import * as local from '../local-models.ts'
import * as state from '../state.ts'

/** Shows how the models run in this browser, and the progress of loading them. */
export function LocalStatus() {
  const runtime = local.runtime.value
  if (!runtime) return null
  const worksOffline = local.isKept.value && !local.problem.value && !local.isOutdated.value
  return (
    <section class="local" aria-label="Model in this browser">
      {local.loading.value && <Loading {...local.loading.value} />}
      <p class="note">
        {state.models.value.length > 1 ? 'The models run' : 'The model runs'} in this browser: {runtime.label}.{' '}
        {runtime.note} {worksOffline && offlineNote(state.models.value.length)}
      </p>
      {local.problem.value && <p class="note">{local.problem.value}</p>}
      {local.isOutdated.value && (
        <p class="row">
          A new version of this page is available.
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      )}
    </section>
  )
}

const offlineNote = (models: number): string =>
  models > 1 ? 'This page works offline with the models that were loaded.' : 'This page works offline.'

function Loading({ done, total }: { readonly done: number; readonly total: number }) {
  return (
    <p class="progress">
      <progress value={done} max={total} aria-label="Loading the model" />
      {done < total ? `Loading the model: ${megabytes(done)} of ${megabytes(total)} MB` : 'Starting the model …'}
    </p>
  )
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
