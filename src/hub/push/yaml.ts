export type YamlValue =
  | string
  | number
  | boolean
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined }

/** Formats a value as block-style YAML. Undefined keys are omitted, and ambiguous strings are quoted. */
export function toYaml(value: YamlValue, indent = ''): string {
  if (Array.isArray(value)) return value.map((item) => `${indent}- ${toYaml(item, `${indent}  `).trimStart()}`).join('')
  if (typeof value !== 'object') return `${indent}${scalar(value as string | number | boolean)}\n`
  return Object.entries(value)
    .filter((entry): entry is [string, YamlValue] => entry[1] !== undefined)
    .map(([key, item]) => `${indent}${scalar(key)}:${nested(item, indent)}`)
    .join('')
}

function nested(value: YamlValue, indent: string): string {
  if (typeof value !== 'object') return ` ${scalar(value)}\n`
  if (Object.keys(value).length === 0) return Array.isArray(value) ? ' []\n' : ' {}\n'
  return `\n${toYaml(value, Array.isArray(value) ? indent : `${indent}  `)}`
}

/** Words that YAML 1.1, which Python's parser implements, does not read as text. */
const SPECIAL = /^(y|yes|n|no|true|false|on|off|null|~)$/i

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  return /^[A-Za-z_][\w./-]*( [\w./()-]+)*$/.test(value) && !SPECIAL.test(value) ? value : quoted(value)
}

/** Characters that YAML forbids unescaped or treats as line breaks, and invisible formatting characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffe\uffff]/gu

function quoted(text: string): string {
  const code = (character: string) => `\\U${character.codePointAt(0)!.toString(16).padStart(8, '0')}`
  return JSON.stringify(text.replace(/\p{Cs}/gu, '\ufffd')).replace(INVISIBLE, code)
}
