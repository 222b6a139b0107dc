/**
 * Generates docs/arguments.md and schemas/training-arguments.schema.json from the schema of the training arguments.
 *
 *     npx tsx scripts/arguments-page.ts
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { notesOf } from '../src/training/arguments/argument-field.ts'
import { argumentDefaults, argumentGroups } from '../src/training/arguments/arguments.ts'
import { leftOut } from '../src/training/arguments/arguments-left-out.ts'
import { argumentsSchema } from '../src/training/arguments/arguments-schema.ts'

export const pagePath = fileURLToPath(new URL('../docs/arguments.md', import.meta.url))

const INTRODUCTION = `# Training arguments

The arguments of \`spanforge train\`. Each argument is available under the same name as a flag (\`--learning_rate 3e-5\`), as a
property in a JSON or YAML file (\`--args_file\`), and as a property in the library. Names, defaults and behavior are those of
TrainingArguments in transformers 4.57 and of run_qa.py, if these have the argument. A boolean flag without a value means
true: \`--group_by_length\` is \`--group_by_length true\`. Conflicting arguments are rejected before the first step.

JSON files may contain comments and trailing commas. Editors can complete and validate the file with the JSON Schema of the package:

\`\`\`json
{
  "$schema": "./node_modules/spanforge/schemas/training-arguments.schema.json",
  "learning_rate": 3e-5, // as in the paper
}
\`\`\`

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/spanforge/schemas/training-arguments.schema.json
learning_rate: 3e-5
\`\`\`

\`scripts/arguments-page.ts\` generates this page and the JSON Schema from the schema that validates the arguments.
`

export function argumentsPage(): string {
  const groups = Object.entries(argumentGroups).map(([title, fields]) => {
    const rows = Object.entries(fields).map(([name, schema]) => {
      const { expected, description } = notesOf(schema)
      return [`\`${name}\``, defaultOf(name), expected, description]
    })
    return `## ${title}\n\n${table(['argument', 'default', 'values', 'description'], rows)}`
  })
  const rows = [...leftOut].map(([name, reason]) => [`\`${name}\``, reason])
  return [
    INTRODUCTION,
    ...groups,
    `## Unsupported fields of TrainingArguments\n\n${table(['field', 'reason'], rows)}`,
  ].join('\n')
}

function defaultOf(name: string): string {
  const value = argumentDefaults[name as keyof typeof argumentDefaults]
  return value === null ? '' : `\`${Array.isArray(value) ? value.join(', ') : value}\``
}

function table(titles: string[], rows: string[][]): string {
  const lines = [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return `${lines.join('\n')}\n`
}

export const schemaPath = fileURLToPath(new URL('../schemas/training-arguments.schema.json', import.meta.url))

export const schemaText = (): string => `${JSON.stringify(argumentsSchema(), null, 2)}\n`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(pagePath, argumentsPage())
  writeFileSync(schemaPath, schemaText())
}
