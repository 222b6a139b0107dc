import { parseHTML } from 'linkedom'
import { expect, it } from 'vitest'
import { html, jsonIsland } from './html-text.ts'

const hostile = [
  '</script><script>alert(1)</script>',
  '<!--<script>',
  ']]><img src=x onerror=alert(1)>',
  `"'\`&amp;`,
  'a lone \ud800 surrogate, a line\u2028separator and \0',
]

it.each(hostile)('data island: %j stays data', (text) => {
  const { source } = jsonIsland('data', { [text]: text })
  expect(source.match(/</g)).toHaveLength(2)
  const { document } = parseHTML(`<html><body>${source}</body></html>`)
  expect(document.querySelectorAll('*')).toHaveLength(3)
  expect(JSON.parse(document.getElementById('data')!.textContent)).toEqual({ [text]: text })
})

it.each(hostile)('template: %j stays text, in elements and in attributes', (text) => {
  const { source } = html`<p title="${text}">${[text]}</p>`
  const { document } = parseHTML(`<html><body>${source}</body></html>`)
  expect(document.querySelectorAll('body *')).toHaveLength(1)
  expect(document.querySelector('p')!.textContent).toBe(text)
  expect(document.querySelector('p')!.getAttribute('title')).toBe(text)
})

it('nests templates, joins lists and omits undefined', () => {
  expect(html`<ul>${['a', '<b>'].map((x) => html`<li>${x}</li>`)}${undefined}${7}</ul>`.source).toBe(
    '<ul><li>a</li><li>&#60;b&#62;</li>7</ul>',
  )
})
