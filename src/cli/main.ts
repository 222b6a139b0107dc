#!/usr/bin/env node
import { runProgram } from './program.ts'
import { handleStreamErrors } from './terminal/output.ts'

handleStreamErrors()
const code = await runProgram(process.argv.slice(2))
// An interrupted command has already set its exit code.
if (code !== 0) process.exitCode = code
