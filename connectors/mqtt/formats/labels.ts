import { z } from 'zod'
import { labelMessage } from '../../../agent/core/index.ts'
import type { Decode } from './contract.ts'
import { readMessage } from './messages.ts'

/** Labels as JSON: one, or a list of them. Each says what somebody knows of an asset, and models learn from it. */
export function labelsFormat(): Decode {
  return (bytes, start, end, receiver) =>
    readMessage(bytes, start, end, receiver, (root) => {
      for (const item of Array.isArray(root) ? root : [root]) {
        const { data, error } = labelMessage.safeParse(item)
        if (data) receiver.label(data)
        else receiver.reject('malformed', `no label: ${z.prettifyError(error).replaceAll('\n', ' ')}`)
      }
    })
}
