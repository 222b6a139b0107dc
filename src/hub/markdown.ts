import { showText } from '../show-value.ts'

/** Characters with a meaning in Markdown or HTML. An underscore inside a word has none. */
const SPECIAL = /[\\`*[\]<>|~#!&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g

/** Escapes a text so that Markdown shows it literally, on one line. */
export const plainText = (text: string): string => showText(text).replace(SPECIAL, '\\$&')
