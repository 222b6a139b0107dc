#!/usr/bin/env node
import { handleStreamErrors } from './output.ts'
import { runProgram } from './program.ts'

handleStreamErrors()
const code = await runProgram(process.argv.slice(2))
// A command that was interrupted has set it already.
if (code !== 0) process.exitCode = code
