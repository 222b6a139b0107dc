import { useEffect, useMemo, useRef } from 'preact/hooks'
import * as collection from '../collection.ts'
import { blocksOf } from '../logic/blocks.ts'
import type { Span } from '../logic/marking.ts'
import { counted } from '../logic/numbers.ts'

/** The list of documents, or the one that is open. */
export function DocumentsPane() {
  const opened = collection.opened.value
  return opened ? <OpenDocument {...opened} /> : <DocumentList />
}

function DocumentList() {
  const { documents, total } = collection.listed.value
  const selected = collection.selected.value
  return (
    <section class="paper documents" aria-label="Documents">
      <div class="bar">
        <h2>{counted(collection.size.value ?? 0, 'document')}</h2>
        <label class="unseen" for="containing">
          Filter by name or title
        </label>
        <input
          id="containing"
          type="search"
          placeholder="Filter by name or title"
          value={collection.containing.value}
          onInput={(event) => void collection.list(event.currentTarget.value)}
        />
        {selected.size > 0 && (
          <button type="button" onClick={() => (collection.selected.value = new Map())}>
            Search all documents
          </button>
        )}
      </div>
      <p class="note">
        {selected.size > 0
          ? `Questions search the ${counted(selected.size, 'selected document')}.`
          : 'Questions search all documents. Select some to search only these.'}
      </p>
      {collection.isOpening.value && <p class="note">Opening …</p>}
      <ul>
        {documents.map((document) => (
          <li key={document.id}>
            <input
              type="checkbox"
              aria-label={`Search ${document.name}`}
              checked={selected.has(document.id)}
              onChange={() => collection.toggleDocument(document)}
            />
            <a href={collection.linkTo(document.id)}>
              <b dir="auto">{document.title ?? document.name}</b>
              <span class="note">
                {document.name} ·{' '}
                {document.pages === null ? counted(document.passages, 'passage') : counted(document.pages, 'page')}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {total > documents.length && (
        <p class="note">and {(total - documents.length).toLocaleString('en-US')} more; filter to find them</p>
      )}
      {total === 0 && <p class="note">No document has this in its name or title.</p>}
    </section>
  )
}

interface OpenProps {
  readonly document: NonNullable<typeof collection.opened.value>['document']
  readonly span?: Span
}

function OpenDocument({ document: { id, name, text, characters }, span }: OpenProps) {
  const view = useRef<HTMLElement>(null)
  const blocks = useMemo(() => blocksOf(text), [text])
  useEffect(() => {
    const mark = view.current?.querySelector('mark')
    if (mark) mark.scrollIntoView({ block: 'center' })
    else view.current?.scrollTo(0, 0)
  }, [id, span])
  return (
    <section class="paper reading" aria-label="Document">
      <div class="bar">
        <h2 title={name} dir="auto">
          {collection.title}
        </h2>
        <span class="note">{name}</span>
        <button type="button" onClick={collection.closeDocument}>
          All documents
        </button>
      </div>
      <div class="view">
        <section
          class="text"
          ref={view}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling elements must be reachable by keyboard.
          tabIndex={0}
          aria-label="The text of the document"
          dir="auto"
        >
          {blocks.map(({ start, end }) => (
            <div key={start} class="block">
              <Highlighted text={text.slice(start, end)} span={span && clipped(span, start, end)} />
            </div>
          ))}
          {characters > text.length && (
            <p class="note">Only the first {text.length.toLocaleString('en-US')} characters are shown.</p>
          )}
        </section>
      </div>
    </section>
  )
}

/** The part of a span inside a block, relative to its start, or undefined if there is none. */
function clipped(span: Span, start: number, end: number): Span | undefined {
  const [from, to] = [Math.max(span.start, start), Math.min(span.end, end)]
  return from < to ? { start: from - start, end: to - start } : undefined
}

function Highlighted({ text, span }: { readonly text: string; readonly span?: Span }) {
  if (!span) return <>{text}</>
  return (
    <>
      {text.slice(0, span.start)}
      <mark class="best-0">{text.slice(span.start, span.end)}</mark>
      {text.slice(span.end)}
    </>
  )
}
