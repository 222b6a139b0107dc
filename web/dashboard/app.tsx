import { useEffect } from 'preact/hooks'
import { isDark, toggleTheme } from '../shared/theme.ts'
import { linkTo } from './address.ts'
import { Arguments } from './components/arguments.tsx'
import { Evaluations, Notes } from './components/evaluations.tsx'
import { Questions } from './components/questions.tsx'
import { LearningCurves, StepCurves } from './components/run-charts.tsx'
import { RunHeader } from './components/run-header.tsx'
import { Runs } from './components/runs.tsx'
import { Tiles } from './components/tiles.tsx'
import { axis, info, place, runName, runs, shownRun, trouble } from './store.ts'

export function DashboardPage() {
  const { view } = place.value
  const run = shownRun.value
  const toOther = isDark() ? 'Light' : 'Dark'
  useEffect(() => {
    document.title = titleOf()
  })
  return (
    <>
      <nav class="top" aria-label="Dashboard">
        <span class="brand">spanforge</span>
        <a href={linkTo({ run: place.value.run })} aria-current={view === 'run' ? 'page' : undefined}>
          {info.value?.live && place.value.run === undefined ? 'This run' : 'Run'}
        </a>
        <a
          href={linkTo({ view: 'runs', compare: place.value.compare })}
          aria-current={view === 'runs' ? 'page' : undefined}
        >
          All runs{runs.value ? ` (${runs.value.length})` : ''}
        </a>
        <AxisChoice />
        <button type="button" class="quiet" onClick={toggleTheme} aria-label={`${toOther} colors`}>
          {toOther}
        </button>
      </nav>
      <main>
        {trouble.value && (
          <p class="trouble" role="alert">
            {trouble.value}
          </p>
        )}
        {view === 'runs' ? <Runs /> : run ? <Run /> : <p class="nothing">{emptyText()}</p>}
      </main>
    </>
  )
}

function Run() {
  const run = shownRun.value!
  return (
    <>
      <RunHeader shown={run} />
      <Tiles view={run.view} />
      <LearningCurves view={run.view} />
      <Questions view={run.view} />
      <StepCurves view={run.view} />
      <Evaluations view={run.view} />
      <Arguments view={run.view} />
      <Notes view={run.view} />
    </>
  )
}

function AxisChoice() {
  return (
    <label class="axis">
      <span>Curves over</span>
      <select
        value={axis.value}
        onChange={({ currentTarget }) => {
          axis.value = currentTarget.value as 'epoch' | 'step'
        }}
      >
        <option value="epoch">epochs</option>
        <option value="step">steps</option>
      </select>
    </label>
  )
}

function emptyText(): string {
  if (trouble.value) return 'Nothing to show.'
  return runs.value?.length === 0 ? `There are no runs in ${info.value?.folder ?? 'the folder'} yet.` : 'Loading …'
}

function titleOf(): string {
  if (place.value.view === 'runs') return 'Runs · spanforge'
  const run = shownRun.value
  if (!run) return 'Training · spanforge'
  const { step, max_steps, status } = run.view
  const share = max_steps > 0 && status !== 'finished' ? `${Math.floor((100 * step) / max_steps)} % · ` : ''
  return `${share}${runName(run.id)} · spanforge`
}
