import { showText } from '../show-value.ts'

/** Marks of Markdown and HTML; an underscore within a word is none. */
const MARKS = /[\\`*[\]<>|~#!&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g

/** A text that is shown in Markdown as it is, on one line. */
export const plainText = (text: string): string => showText(text).replace(MARKS, '\\$&')
