/** The script of the analysis page: applies the filter form and keeps the filter in the address. Works offline. */
import type { Analysis } from '../types.ts'
import { byId } from './dom.ts'
import { type Filter, filterFields, fromHash, QuestionFinder, toHash } from './filter.ts'
import { QuestionList } from './question-list.ts'

const analysis = JSON.parse(byId('analysis').textContent ?? '') as Analysis
const form = byId<HTMLFormElement>('filters')
const finder = new QuestionFinder(analysis)
const list = new QuestionList(analysis)

const field = (name: string) => form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement

const readForm = (): Filter => Object.fromEntries(filterFields.map((name) => [name, field(name).value]))

function showFiltered(): void {
  list.show(finder.find(readForm()))
}

/** '#errors' is a section of the page, '#class=too_wide' a filter. */
const isSection = (hash: string): boolean => hash !== '' && !hash.includes('=')

function filterByAddress(): void {
  if (isSection(location.hash)) return
  const filter = fromHash(location.hash)
  for (const name of filterFields) field(name).value = filter[name] ?? ''
  showFiltered()
  if (toHash(filter)) byId('questions').scrollIntoView()
}

function filterByForm(): void {
  // Replaces the history entry, so that typing does not add one for every letter.
  history.replaceState(null, '', `#${toHash(readForm())}`)
  showFiltered()
}

form.addEventListener('input', filterByForm)
form.addEventListener('submit', (event) => event.preventDefault())
form.addEventListener('reset', () => setTimeout(filterByForm))
addEventListener('hashchange', filterByAddress)
if (isSection(location.hash)) showFiltered()
else filterByAddress()
