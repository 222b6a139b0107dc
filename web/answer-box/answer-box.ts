/**
 * <answer-box>: answers questions about the page that contains it or, with the attribute `documents`, about the documents
 * of an index. With the attribute `server`, a running `spanforge serve` answers; otherwise the model of the site from which
 * this script was loaded, in the visitor's browser. docs/site.md describes the attributes.
 */

import { type Found, sourceNames } from './found.ts'
import { askLocally, loadLocally, searchLocally } from './local-model.ts'
import { documentMessages, type Messages, messageFor, messages, SearchFailure } from './messages.ts'
import { sentenceAround } from './sentence.ts'
import { askServer, searchServer } from './served-model.ts'
import { STYLE } from './style.ts'

/** Answers below this probability of being correct are not shown, unless the attribute `sure` says otherwise. */
const SURE = 0.2
const MAX_QUESTION_LENGTH = 200

const sheet = new CSSStyleSheet()
sheet.replaceSync(STYLE)

/** Explains a failure to the owner of the page. */
function report(error: unknown, isLocal: boolean): void {
  console.error('answer-box:', error)
  if (!isLocal || error instanceof SearchFailure) return
  const { origin } = new URL(import.meta.url)
  console.error(
    `answer-box: if this page has a content security policy, it must allow: script-src ${origin} 'wasm-unsafe-eval'; connect-src ${origin}; worker-src blob:. If its origin is not ${origin}, that host must send access-control-allow-origin.`,
  )
}

class AnswerBox extends HTMLElement {
  static readonly observedAttributes = ['label', 'placeholder', 'button', 'documents']

  private texts: Partial<Messages> = {}
  private readonly input = document.createElement('input')
  private readonly button = document.createElement('button')
  private readonly status = document.createElement('p')
  private asking: AbortController | undefined

  constructor() {
    super()
    const form = document.createElement('form')
    Object.assign(this.input, {
      name: 'question',
      required: true,
      maxLength: MAX_QUESTION_LENGTH,
      autocomplete: 'off',
      dir: 'auto',
    })
    for (const [part, element] of Object.entries({ form, input: this.input, button: this.button, status: this.status }))
      element.setAttribute('part', part)
    this.status.setAttribute('role', 'status')
    this.status.dir = 'auto'
    form.append(this.input, this.button)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.ask(this.input.value)
    })
    // The model is loaded only for visitors who use the box.
    this.input.addEventListener('focus', () => void this.prepare(), { once: true })
    const root = this.attachShadow({ mode: 'open' })
    // Unlike a style element, it is not subject to the content security policy of the page.
    root.adoptedStyleSheets = [sheet]
    root.append(form, this.status)
    // Pages may set the texts before this script is loaded.
    if (Object.hasOwn(this, 'messages')) {
      const { messages: given } = this
      delete (this as Partial<AnswerBox>).messages
      this.messages = given
    }
  }

  /** Texts for visitors, for example in another language. Those that are not set are in English. */
  get messages(): Messages {
    return { ...(this.hasAttribute('documents') ? documentMessages : messages), ...this.texts }
  }

  set messages(given: Partial<Messages>) {
    this.texts = given
    this.showTexts()
  }

  connectedCallback(): void {
    this.showTexts()
  }

  attributeChangedCallback(): void {
    this.showTexts()
  }

  /** Aborts the search, because its answer can no longer be shown. */
  disconnectedCallback(): void {
    this.asking?.abort()
    this.status.textContent = ''
  }

  private showTexts(): void {
    const { messages } = this
    const label = this.getAttribute('label') ?? messages.label
    this.input.setAttribute('aria-label', label)
    this.input.placeholder = this.getAttribute('placeholder') ?? label
    this.button.textContent = this.getAttribute('button') ?? messages.button
  }

  /** Asks a question as if the visitor had typed it. */
  async ask(typed: string): Promise<void> {
    this.asking?.abort()
    const asking = new AbortController()
    this.asking = asking
    const say = (text: string) => {
      if (!asking.signal.aborted) this.status.textContent = text
    }
    const question = typed.trim()
    try {
      const context = this.hasAttribute('documents') ? undefined : this.text()
      if (question === '' || context === '') return say(this.messages.nothing)
      say(this.messages.searching)
      const found = await this.find(question, context, asking.signal, say)
      if (asking.signal.aborted) return
      this.show(found)
      this.dispatchEvent(new CustomEvent('answer', { bubbles: true, detail: { question, ...found.answer } }))
    } catch (error) {
      if (asking.signal.aborted) return
      report(error, !this.hasAttribute('server'))
      say(messageFor(error, this.messages))
    }
  }

  /** Searches `context`, or the documents if there is none. */
  private find(
    question: string,
    context: string | undefined,
    signal: AbortSignal,
    say: (text: string) => void,
  ): Promise<Found> {
    const server = this.getAttribute('server')
    const model = this.getAttribute('model') ?? undefined
    const progress = {
      loading: (done: number, total: number) => say(this.messages.loading(done, total)),
      reading: (done: number, total: number) => say(this.messages.reading(done, total)),
    }
    if (context === undefined) {
      const request = { question, model }
      return server === null ? searchLocally(request, signal, progress) : searchServer(server, request, signal)
    }
    return server === null
      ? askLocally({ questions: [question], context, model }, signal, progress)
      : askServer(server, { question, context, model }, signal)
  }

  private async prepare(): Promise<void> {
    if (this.hasAttribute('server')) return
    const model = this.getAttribute('model') ?? undefined
    await loadLocally(model, this.hasAttribute('documents')).catch((error) => report(error, true))
  }

  /** The text to search: that of the element with the selector in `for`, of <main>, or of the whole page. */
  private text(): string {
    const selector = this.getAttribute('for')
    const element =
      selector === null ? (document.querySelector('main') ?? document.body) : document.querySelector(selector)
    if (!element) throw new SearchFailure(`answer-box: no element matches for="${selector}".`)
    return (element as HTMLElement).innerText.trim()
  }

  private show({ answer: { answer, score, confidence, source }, text, span, link }: Found): void {
    const given = Number.parseFloat(this.getAttribute('sure') ?? '')
    const sure = Number.isNaN(given) ? SURE : given
    if (answer === '' || (confidence ?? score) < sure) {
      this.status.textContent = this.messages.nothing
      return
    }
    const mark = document.createElement('mark')
    mark.setAttribute('part', 'mark')
    mark.textContent = answer
    const { before, after } = sentenceAround(text, span.start, span.end)
    this.status.replaceChildren(before, mark, after)
    if (!source || link === undefined) return
    const place = document.createElement('a')
    Object.assign(place, {
      href: link,
      dir: 'auto',
      textContent: this.messages.source(sourceNames(source), source.page),
    })
    place.setAttribute('part', 'source')
    this.status.append(place)
  }
}

// Pages may include the script twice.
if (!customElements.get('answer-box')) customElements.define('answer-box', AnswerBox)
