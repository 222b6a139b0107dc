// Prunes a cache again and again until its standard input ends. Prints the number of rounds and of removed files.
import { prune } from '../src/hub/cache/upkeep.ts'

let hasEnded = false
process.stdin.on('end', () => {
  hasEnded = true
})
process.stdin.resume()

let [rounds, removed] = [0, 0]
console.log('ready')
while (!hasEnded) {
  removed += (await prune(process.argv[2])).found.length
  rounds++
  await new Promise(setImmediate)
}
console.log(JSON.stringify({ rounds, removed }))
process.exit()
