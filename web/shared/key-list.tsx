interface KeyListProps {
  /** Keys, separated by two spaces, and what they do. */
  readonly keys: readonly (readonly [string, string])[]
  readonly wide?: boolean
}

export const KeyList = ({ keys, wide }: KeyListProps) => (
  <dl class={wide ? 'keys wide' : 'keys'}>
    {keys.map(([key, what]) => (
      <div key={key}>
        <dt>
          {key.split('  ').map((one) => (
            <kbd key={one}>{one}</kbd>
          ))}
        </dt>
        <dd>{what}</dd>
      </div>
    ))}
  </dl>
)
