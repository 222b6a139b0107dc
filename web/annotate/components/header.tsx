import { Icon } from '../../shared/icon.tsx'
import { count, counted } from '../../shared/numbers.ts'
import { ThemeButton } from '../../shared/theme-button.tsx'
import { download } from '../actions.ts'
import { annotating as state } from '../state.ts'

export function Header() {
  const info = state.info.value
  const open = (dialog: NonNullable<typeof state.openDialog.value>) => () => (state.openDialog.value = dialog)
  const disagreements = info?.progress.disagreements ?? 0
  return (
    <header class="top">
      <h1 title={info?.name}>
        Annotate <span>{info?.name ?? 'spanforge'}</span>
      </h1>
      <Progress />
      <nav aria-label="Page">
        <button type="button" class="quiet person" onClick={open('person')} title="Change the annotator">
          {state.me.value ?? 'Who are you?'}
        </button>
        <button type="button" onClick={open('disagreements')}>
          Disagreements{disagreements > 0 ? ` (${count(disagreements)})` : ''}
        </button>
        <button type="button" onClick={open('import')}>
          Import
        </button>
        <button type="button" onClick={() => void download()} disabled={!info?.progress.answered}>
          Export
        </button>
        <ThemeButton />
        <button type="button" class="tool" onClick={open('help')} title="Help and keys" aria-label="Help and keys">
          <Icon name="help" />
        </button>
      </nav>
    </header>
  )
}

function Progress() {
  const progress = state.info.value?.progress
  if (!progress) return null
  const { passages, done, skipped, questions, answered, unwritten } = progress
  return (
    <div class="progress-line">
      <progress max={passages} value={done + skipped} aria-label="Passages done or skipped" />
      <span class="note">
        {count(done + skipped)} of {counted(passages, 'passage')}
        {skipped > 0 && ` (${count(skipped)} skipped)`} · {count(answered)} of {counted(questions, 'question')} answered
        {unwritten > 0 && ` · ${count(unwritten)} to write`}
        {state.unsaved.value > 0 && ' · saving …'}
      </span>
    </div>
  )
}
