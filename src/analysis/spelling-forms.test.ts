import { expect, it } from 'vitest'
import { isSameInOtherSpelling } from './spelling-forms.ts'

it.each([
  ['four', '4'],
  ['the Third', '3rd'],
  ['20%', '20 per cent'],
  ['20 percent', '20%'],
  ['Łódź', 'Lodz'],
  ['re-entry', 're entry'],
  ['U.S. Army', 'US Army'],
  ['organization', 'organization'],
  ['color', 'color'],
  ['Marks & Spencer', 'Marks and Spencer'],
])('%s is %s', (a, b) => {
  expect(isSameInOtherSpelling(a, b)).toBe(true)
})

it.each([
  ['four', '5'],
  ['20', '20%'],
  ['John Smith', 'Smith'],
  ['in 1994', '1994'],
  ['', ''],
])('%s is not %s', (a, b) => {
  expect(isSameInOtherSpelling(a, b)).toBe(false)
})
