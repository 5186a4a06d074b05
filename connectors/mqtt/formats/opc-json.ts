import { type ItemReader, type ItemReceiver, levels } from './items.ts'
import { isObject } from './path.ts'

type Item = Record<string, unknown>

/**
 * Azure OPC Publisher: samples (`NodeId`, `DisplayName`, `Value`), one or a list; OPC UA PubSub (Part 14) with all messages of
 * all network messages, and data set messages without their envelope.
 */
export const opcPublisher: ItemReader = (root, receiver) => {
  const messages = Array.isArray(root) ? (root as unknown[]) : [root]
  if (messages.length === 0 || !messages.every((message) => isObject(message) && isKnown(message))) return false
  for (const message of messages as Item[]) {
    if (Array.isArray(message.Messages)) for (const inner of message.Messages as unknown[]) dataSet(inner, receiver)
    else if (isObject(message.Payload)) dataSet(message, receiver)
    else if (isSample(message)) sample(message, receiver)
  }
  return true
}

function isKnown(message: Item): boolean {
  if (isSample(message)) return true
  if (isObject(message.Payload)) return 'DataSetWriterId' in message || 'DataSetWriterName' in message
  // Metadata and keep-alives have no values.
  return typeof message.MessageType === 'string' && message.MessageType.startsWith('ua-')
}

function isSample(message: Item): boolean {
  return typeof (message.NodeId ?? message.DisplayName) === 'string' && 'Value' in message
}

function sample(message: Item, receiver: ItemReceiver): void {
  const inner: Item = isDataValue(message.Value) ? message.Value : message
  receiver.item({
    name: nameOf(typeof message.DisplayName === 'string' ? message.DisplayName : (message.NodeId as string)),
    value: plain(inner.Value),
    time: inner.SourceTimestamp ?? message.SourceTimestamp ?? inner.ServerTimestamp ?? message.Timestamp,
    quality: status(inner.StatusCode ?? message.StatusCode ?? message.Status),
  })
}

function dataSet(message: unknown, receiver: ItemReceiver): void {
  if (!isObject(message) || !isObject(message.Payload)) return
  const writer = message.DataSetWriterName ?? message.DataSetWriterId
  const prefix = typeof writer === 'string' || typeof writer === 'number' ? `${writer}/` : ''
  for (const key of Object.keys(message.Payload)) {
    const found = message.Payload[key]
    const inner: Item = isDataValue(found) ? found : { Value: found }
    receiver.item({
      name: `${levels(prefix)}${prefix === '' ? '' : '/'}${nameOf(key)}`,
      value: plain(inner.Value),
      time: inner.SourceTimestamp ?? inner.ServerTimestamp ?? message.Timestamp,
      quality: status(inner.StatusCode ?? message.Status),
    })
  }
}

function isDataValue(value: unknown): value is Item {
  return isObject(value) && ['Value', 'StatusCode', 'SourceTimestamp', 'ServerTimestamp'].some((key) => key in value)
}

/** A variant of the reversible encoding says its type beside its body. */
function plain(value: unknown): unknown {
  if (isObject(value) && 'Body' in value && ('Type' in value || 'UaType' in value)) return value.Body
  return value ?? null
}

function status(code: unknown): unknown {
  return isObject(code) ? (code.Symbol ?? code.Code ?? 0) : code
}

/** `nsu=urn:plant;s=P7.Flow` is called P7.Flow; dots part its levels. */
function nameOf(id: string): string {
  return levels(id.slice(0, 1_000).replace(/^(?:ns=\d+;|nsu=[^;]*;|[^#;]*#)?[sigb]=/, ''), '.')
}
