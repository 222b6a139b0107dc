import { useEffect, useRef } from 'preact/hooks'
import { count, counted, percent } from '../../shared/numbers.ts'
import { loadMore, open, setFilter } from '../actions.ts'
import { annotating as state } from '../state.ts'

type Listed = (typeof state.list.value.passages)[number]

const SHOWN = {
  all: 'All passages',
  assigned: 'Assigned to me',
  open: 'Open',
  done: 'Done',
  skipped: 'Skipped',
  unanswered: 'With unanswered questions',
  commented: 'With comments',
} as const

/** The passages of the project, with search and filters. */
export function PassagesPane() {
  const { passages, total } = state.list.value
  const { document, search, show, order } = state.filter.value
  const { documents = [], has_suggestions, is_restricted } = state.info.value ?? {}
  const shown = Object.entries(SHOWN).filter(([name]) => is_restricted || name !== 'assigned')
  return (
    <section class="paper passages" aria-label="Passages">
      <search class="filters">
        <label class="unseen" for="search">
          Search texts, questions and comments
        </label>
        <input
          id="search"
          type="search"
          placeholder="Search"
          value={search}
          onInput={(event) => setFilter({ search: event.currentTarget.value })}
        />
        {documents.length > 1 && (
          <select
            aria-label="Document"
            value={document ?? ''}
            onChange={(event) => setFilter({ document: event.currentTarget.value || undefined })}
          >
            <option value="">All documents</option>
            {documents.map(({ name, title, passages, questions }) => (
              <option key={name} value={name}>
                {title ?? name} ({counted(passages, 'passage')}, {counted(questions, 'question')})
              </option>
            ))}
          </select>
        )}
        <select
          aria-label="Which passages"
          value={show}
          onChange={(event) => setFilter({ show: event.currentTarget.value as typeof show })}
        >
          {shown.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
        {has_suggestions && (
          <select
            aria-label="Order"
            value={order}
            onChange={(event) => setFilter({ order: event.currentTarget.value as typeof order })}
          >
            <option value="document">In reading order</option>
            <option value="certainty">Least certain first</option>
          </select>
        )}
      </search>
      <p class="note found">{counted(total, 'passage')}</p>
      <ol class="listed" aria-label="Passages found">
        {passages.map((passage) => (
          <Item key={passage.id} passage={passage} />
        ))}
      </ol>
      {passages.length < total && (
        <button type="button" onClick={() => void loadMore()}>
          Show more ({count(total - passages.length)})
        </button>
      )}
    </section>
  )
}

const STATUS = { open: '', done: 'Done', skipped: 'Skipped' } as const

function Item({ passage }: { readonly passage: Listed }) {
  const { id, start, status, questions, answered, has_comment, certainty } = passage
  const isCurrent = state.current.value?.id === id
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (isCurrent) button.current?.scrollIntoView({ block: 'nearest' })
  }, [isCurrent])
  const facts = [
    STATUS[status],
    questions > 0 ? `${count(answered)} of ${counted(questions, 'question')}` : '',
    certainty === undefined ? '' : `${percent(certainty)} certain`,
    has_comment ? 'comment' : '',
  ].filter(Boolean)
  return (
    <li>
      <button
        type="button"
        ref={button}
        class={`quiet item ${status}`}
        aria-current={isCurrent}
        onClick={() => void open(id)}
      >
        <span class="note place" dir="auto">
          {passagePlace(passage)}
        </span>
        <span class="words" dir="auto">
          {start}
        </span>
        {facts.length > 0 && <span class="note">{facts.join(' · ')}</span>}
      </button>
    </li>
  )
}

/** Describes where a passage comes from, such as "manual.pdf, page 3: Setup › Filter". */
export function passagePlace({
  document,
  title,
  page,
  headings,
}: Pick<Listed, 'document' | 'title' | 'page' | 'headings'>): string {
  const place = page === undefined ? (title ?? document) : `${title ?? document}, page ${page}`
  const under = headings.filter((heading) => heading !== title)
  return under.length > 0 ? `${place}: ${under.join(' › ')}` : place
}
