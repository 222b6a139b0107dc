import * as state from '../state.ts'

/** Says what each model can do, if the server knows. */
export function AboutModels() {
  const described = state.models.value.filter(({ about }) => about !== undefined)
  if (described.length === 0) return null
  return (
    <div class="about-models">
      {state.models.value.length > 1 && <p>Choose at the top which models answer:</p>}
      <ul>
        {described.map(({ id, about }) => {
          const place = state.chosen.value.indexOf(id)
          return (
            <li key={id} class={`model-${place % 4}`}>
              <span class="dot" />
              <span>
                <b>{id}</b>: {about}
              </span>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
