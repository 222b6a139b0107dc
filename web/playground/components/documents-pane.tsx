import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { TextSpan } from '../../../src/squad/types.ts'
import { documentLink } from '../../shared/document-link.ts'
import { Marked } from '../../shared/marked.tsx'
import { count, counted } from '../../shared/numbers.ts'
import * as collection from '../collection.ts'
import { pageBlocks } from '../logic/blocks.ts'
import { within } from '../logic/layers.ts'
import { Scroll } from '../scroll.ts'

/** The list of documents, or the one that is open. */
export function DocumentsPane() {
  const opened = collection.opened.value
  return opened ? <OpenDocument {...opened} /> : <DocumentList />
}

function DocumentList() {
  const found = collection.documentList.value
  const documents = found?.documents ?? []
  const more = (found?.total ?? 0) - documents.length
  const selected = collection.selected.value
  return (
    <section class="paper documents" aria-label="Documents">
      <div class="bar">
        <h2>{counted(collection.documentCount.value ?? 0, 'document')}</h2>
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
      <p class="note" role="status">
        {collection.isOpening.value ? 'Opening …' : scopeOf(selected.size)}
      </p>
      <ul>
        {documents.map((document) => (
          <li key={document.id}>
            <input
              type="checkbox"
              aria-label={`Search ${document.name}`}
              checked={selected.has(document.id)}
              onChange={() => collection.toggleDocument(document)}
            />
            <a href={documentLink(document.id)}>
              <b dir="auto">{document.title ?? document.name}</b>
              <span class="note">
                {document.name} ·{' '}
                {document.pages === null ? counted(document.passages, 'passage') : counted(document.pages, 'page')}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {!found && <p class="note">Loading …</p>}
      {more > 0 && <p class="note">and {count(more)} more; filter to find them</p>}
      {found?.total === 0 && <p class="note">No document has this text in its name or title.</p>}
    </section>
  )
}

const scopeOf = (selected: number): string =>
  selected > 0
    ? `Answers come from the ${counted(selected, 'selected document')}.`
    : 'Answers come from all documents. Select some to search only these.'

interface OpenProps {
  readonly document: NonNullable<typeof collection.opened.value>['document']
  readonly span?: TextSpan
}

function OpenDocument({ document: { id, name, text, characters }, span }: OpenProps) {
  const view = useRef<HTMLElement>(null)
  const blocks = useMemo(() => pageBlocks(text), [text])
  const marks = span ? [{ name: 'best-0', start: span.start, end: span.end }] : []
  useEffect(() => {
    const pane = view.current!
    if (!span) {
      pane.scrollTo(0, 0)
      return
    }
    const scroll = new Scroll(pane, () => pane.querySelector('mark')?.getBoundingClientRect())
    scroll.start('instant')
    return () => scroll.stop()
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
          aria-label="Text of the document"
          dir="auto"
        >
          {blocks.map((block) => (
            <div key={block.start} class="block">
              <Marked text={text.slice(block.start, block.end)} layers={within(block, marks)} />
            </div>
          ))}
          {characters > text.length && <p class="note">Only the first {count(text.length)} characters are shown.</p>}
        </section>
      </div>
    </section>
  )
}
