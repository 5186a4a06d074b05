import { z } from 'zod'
import { orderMessage } from '../../../agent/core/index.ts'
import type { Decode } from './contract.ts'
import { readMessage } from './messages.ts'

/** An order about actions as JSON: one a message, lest half of a list is obeyed. */
export function ordersFormat(): Decode {
  return (bytes, start, end, receiver) =>
    readMessage(bytes, start, end, receiver, (root) => {
      const { data, error } = orderMessage.safeParse(root)
      if (data) receiver.order(data)
      else if ((root as { order?: unknown } | null)?.order === 'resume')
        receiver.reject('malformed', 'no message lifts a stop: resume on the page, over HTTP or by the command line')
      else receiver.reject('malformed', `no order: ${z.prettifyError(error).replaceAll('\n', ' ')}`)
    })
}
