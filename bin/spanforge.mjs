#!/usr/bin/env node
// The command itself is compiled. npm links this file, which is there before that.
import { existsSync } from 'node:fs'

const main = new URL('../dist/cli/main.js', import.meta.url)
if (existsSync(main)) await import(main.href)
else {
  console.error('spanforge is not compiled yet.\n  Run: npm run setup')
  process.exitCode = 1
}
