import { readFileSync } from 'node:fs'

/*
 * Goes before the agent in its process: its wall clock is off by the ms that stand in the file `clock` beside this one.
 * What is monotonic goes on as it did.
 */
const file = new URL('clock', import.meta.url)
const lookEvery = 100
const real = Date.now.bind(Date)
let off = 0
let looked = -Infinity

function offset(): number {
  if (performance.now() - looked > lookEvery) {
    looked = performance.now()
    off = Number(readFileSync(file, 'utf8'))
  }
  return off
}

class SetDate extends Date {
  constructor(...parts: [] | [number]) {
    if (parts.length === 0) super(SetDate.now())
    else super(...parts)
  }

  static override now(): number {
    return real() + offset()
  }
}
globalThis.Date = SetDate as DateConstructor
