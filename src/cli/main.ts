#!/usr/bin/env node
import { handleStreamErrors } from './output.ts'
import { runProgram } from './program.ts'

handleStreamErrors()
const code = await runProgram(process.argv.slice(2))
// An interrupted command has already set its exit code.
if (code !== 0) process.exitCode = code
