import { z } from 'zod'
import { labelMessage } from '../../../agent/core/index.ts'
import type { Decode } from './contract.ts'

/** Labels as JSON: one, or a list of them. Each says what somebody knows of an asset, and models learn from it. */
export function labelsFormat(): Decode {
  return (bytes, start, end, receiver) => {
    let root: unknown
    try {
      root = JSON.parse(bytes.toString('utf8', start, end))
    } catch (error) {
      receiver.reject('malformed', `not JSON: ${(error as Error).message}`)
      return
    }
    for (const item of Array.isArray(root) ? root : [root]) {
      const { data, error } = labelMessage.safeParse(item)
      if (data) receiver.label(data)
      else receiver.reject('malformed', `no label: ${z.prettifyError(error).replaceAll('\n', ' ')}`)
    }
  }
}
