import { HistoryReadResult, RepublishResponse, ServiceFault, StatusCodes } from 'node-opcua'
import type { OPCUAServer, StatusCode, UAVariable } from 'node-opcua'
import type { Misbehaviour } from './opcua-server.ts'

/** The members of node-opcua's subscriptions that are changed here. */
export interface OpenSubscription {
  readonly id: number
  readonly _sequence_number_generator: { future(): number; next(): number }
  _get_future_sequence_number(): number
  on(event: 'keepalive', listener: () => void): void
}

interface Message {
  readonly request: {
    readonly requestHeader: { readonly requestHandle: number }
    requestedSessionTimeout?: number
    readonly nodesToRead?: readonly unknown[]
  }
}

interface Channel {
  send_response(type: 'MSG', response: object, message: Message): void
}

type Handler = (this: unknown, message: Message, channel: Channel) => void
type HistoryCallback = (error: Error | null, result?: HistoryReadResult) => void
type ReadRaw = (
  this: unknown,
  context: unknown,
  details: { numValuesPerNode: number },
  range: unknown,
  encoding: unknown,
  continuation: unknown,
  callback: HistoryCallback,
) => void

/** Requests that were answered with an empty notification. */
export let republishes = 0

/** What of the server it concerns. */
interface Parts {
  readonly variables: readonly UAVariable[]
  readonly subscriptions: readonly OpenSubscription[]
  endSessions(): unknown
}

/** Makes a server misbehave. */
export function misbehave(
  server: OPCUAServer,
  how: Misbehaviour,
  { variables, subscriptions, endSessions }: Parts,
): void {
  const handlers = server as unknown as Record<string, Handler>
  if (how.republish)
    handlers._on_RepublishRequest = (message, channel) => {
      republishes++
      answer(channel, message, new RepublishResponse({ notificationMessage: { sequenceNumber: 0 } }))
    }
  for (const subscription of subscriptions) numberKeepAlives(subscription, how.keepAlives)
  if (how.history)
    for (const variable of variables) cutHistory(variable as unknown as { _historyReadRaw: ReadRaw }, how.history)
  const { reads, sessionTimeout } = how
  if (how.translates === false)
    (handlers as Record<string, Handler | undefined>)._on_TranslateBrowsePathsToNodeIdsRequest = undefined
  if (sessionTimeout !== undefined) shortenSessions(handlers, sessionTimeout, endSessions)
  if (reads !== undefined) refuse(handlers, '_on_ReadRequest', ({ request }) => request.nodesToRead!.length > reads)
}

function answer(channel: Channel, message: Message, response: RepublishResponse | ServiceFault): void {
  response.responseHeader.requestHandle = message.request.requestHeader.requestHandle
  channel.send_response('MSG', response, message)
}

function refuse(handlers: Record<string, Handler>, name: string, when: (message: Message) => boolean): void {
  const before = handlers[name]
  const serviceResult: StatusCode = StatusCodes.BadTooManyOperations
  handlers[name] = function (message, channel) {
    if (when(message)) answer(channel, message, new ServiceFault({ responseHeader: { serviceResult } }))
    else before.call(this, message, channel)
  }
}

/** Ends all sessions when no request has come for so long; requests that wait for an answer keep none. */
function shortenSessions(handlers: Record<string, Handler>, longest: number, end: () => void): void {
  let timer: NodeJS.Timeout | undefined
  const wrap = (name: string, change?: (message: Message) => void) => {
    const before = handlers[name]
    handlers[name] = function (message, channel) {
      clearTimeout(timer)
      timer = setTimeout(end, longest)
      change?.(message)
      before.call(this, message, channel)
    }
  }
  wrap('_on_CreateSessionRequest', ({ request }) => (request.requestedSessionTimeout = longest))
  for (const name of ['Publish', 'Read', 'CreateMonitoredItems']) wrap(`_on_${name}Request`)
}

function numberKeepAlives(subscription: OpenSubscription, how: Misbehaviour['keepAlives']): void {
  const numbers = subscription._sequence_number_generator
  if (how === 'last') subscription._get_future_sequence_number = () => numbers.future() - 1
  if (how === 'used') subscription._get_future_sequence_number = () => numbers.next()
}

function cutHistory(
  variable: { _historyReadRaw: ReadRaw },
  { most, told }: NonNullable<Misbehaviour['history']>,
): void {
  const before = variable._historyReadRaw
  variable._historyReadRaw = function (context, details, range, encoding, continuation, callback) {
    if (most === 0) {
      callback(null, new HistoryReadResult({ statusCode: StatusCodes.GoodNoData }))
      return
    }
    details.numValuesPerNode ||= most
    before.call(this, context, details, range, encoding, continuation, (error, result) => {
      if (result && !told) result.continuationPoint = null as unknown as Buffer
      callback(error, result)
    })
  }
}
