import { Icon } from '../../shared/icon.tsx'
import { count, counted } from '../../shared/numbers.ts'
import { ThemeButton } from '../../shared/theme-button.tsx'
import { toggleModel } from '../actions.ts'
import { documentCount, isShown } from '../collection.ts'
import * as state from '../state.ts'

export function PageHeader() {
  const corrections = state.corrections.value.length
  const hasText = state.text.value.trim() !== ''
  return (
    <header class="top">
      <h1>
        Ask a text <span>spanforge</span>
      </h1>
      <Sources />
      <Models />
      <nav aria-label="Page">
        {state.annotateAddress.value !== undefined && <a href={state.annotateAddress.value}>Annotate</a>}
        <Tool icon="history" label="History" dialog="history" />
        <Tool icon="check" label="Corrections" dialog="corrections" badge={corrections} />
        <Tool icon="link" label="Share" dialog="share" disabled={!hasText} />
        <ThemeButton />
        <Tool icon="help" label="Help" dialog="help" />
      </nav>
    </header>
  )
}

/** The choice between the documents of the server and a text of the user, if the server has documents. */
function Sources() {
  if (documentCount.value === undefined) return null
  return (
    <fieldset class="sources">
      <legend class="unseen">What to ask about</legend>
      {[true, false].map((documents) => (
        <button
          key={`${documents}`}
          type="button"
          class={isShown.value === documents ? 'primary' : ''}
          aria-pressed={isShown.value === documents}
          onClick={() => (isShown.value = documents)}
        >
          {documents ? 'Documents' : 'Your text'}
        </button>
      ))}
    </fieldset>
  )
}

interface ToolProps {
  readonly icon: Parameters<typeof Icon>[0]['name']
  readonly label: string
  readonly dialog: NonNullable<typeof state.openDialog.value>
  readonly badge?: number
  readonly disabled?: boolean
}

function Tool({ icon, label, dialog, badge = 0, disabled }: ToolProps) {
  const full = badge > 0 ? `${label} (${badge})` : label
  return (
    <button
      type="button"
      class="tool"
      disabled={disabled}
      title={full}
      aria-label={full}
      onClick={() => (state.openDialog.value = dialog)}
    >
      <Icon name={icon} />
      {badge > 0 && <span class="badge">{badge}</span>}
    </button>
  )
}

/** The model selection, or the name of the only model. */
function Models() {
  const models = state.models.value
  if (models.length < 2) return <p class="model">{models.map(nameOf)}</p>
  return (
    <fieldset class="models">
      <legend class="unseen">Models to compare</legend>
      {models.map((model) => {
        const place = state.chosen.value.indexOf(model.id)
        return (
          <label key={model.id} class={`chip model-${place % 4}`} title={factsOf(model)}>
            <input type="checkbox" checked={place >= 0} onChange={(event) => change(event, model.id)} />
            <span class="dot" />
            {model.id}
          </label>
        )
      })}
    </fieldset>
  )
}

function change(event: Event, id: string): void {
  toggleModel(id)
  // The last model cannot be deselected.
  ;(event.currentTarget as HTMLInputElement).checked = state.chosen.value.includes(id)
}

type Model = (typeof state.models.value)[number]

const factsOf = ({ name, parameters, layers, device }: Model): string =>
  `${name}: ${counted(layers, 'layer')}, ${count(parameters)} parameters, ${device}`

const nameOf = (model: Model) => (
  <span key={model.id} title={factsOf(model)}>
    {model.id}
  </span>
)
