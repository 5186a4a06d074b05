import { join } from 'node:path'
import { AttributeIds, VariableIds } from 'node-opcua-client'
import type { DataValue } from 'node-opcua-client'
import { type ConnectorContext, type Finding, describeError, isBelieved } from '../../agent/core/index.ts'
import { listCertificates } from './certificates.ts'
import { Connector, disconnect, type Connection } from './client.ts'
import { told } from './faults.ts'
import { makeInventory, type Inventory, type Item } from './items.ts'
import { lookUp } from './lookup.ts'
import { readAll, readValues } from './pieces.ts'
import { describeOffer, isSecure } from './security.ts'
import type { Settings } from './settings.ts'
import { accepts, elementsOf, kindOf, qualityOf, tagTypeOf } from './values.ts'

const oneDay = 86_400_000
/** Clocks further apart than this make windows of different sources fall apart, ms. */
const muchSkew = 2_000
const nodesPerRead = 200
/** Findings of one kind that are told one by one. */
const mostTold = 10

/** Connects once as the source would, looks, and closes the session again. */
export async function* examineServer(settings: Settings, context: ConnectorContext): AsyncGenerator<Finding> {
  const pki = settings.pki ?? join(context.folder, 'pki')
  const connector = new Connector(settings, pki, context.log)
  try {
    const offers = await connector.endpoints()
    yield { level: 'good', text: `offers ${[...new Set(offers.map(describeOffer))].join(', ')}` }
    if (settings.security === 'none' && offers.some(isSecure))
      yield {
        level: 'warning',
        text: 'the connection is without security although the server offers better',
        remedy: 'Remove `security: none`, then approve the certificate with `millwright trust approve`.',
      }
    const connection = await connector.connect()
    try {
      yield { level: 'good', text: 'accepts session and identity' }
      yield* examineStatus(connection)
      yield* examineNodes(connection, settings, context.clock.now())
    } finally {
      await disconnect(connection.client)
    }
  } catch (error) {
    const { remedy } = told(error)
    yield { level: 'trouble', text: describeError(error), ...(remedy !== undefined && { remedy }) }
  } finally {
    await connector.close()
  }
  yield* examineCertificates(pki, context.clock.now())
}

const statusNodes = {
  clock: VariableIds.Server_ServerStatus_CurrentTime,
  state: VariableIds.Server_ServerStatus_State,
  product: VariableIds.Server_ServerStatus_BuildInfo_ProductName,
  version: VariableIds.Server_ServerStatus_BuildInfo_SoftwareVersion,
  sessions: VariableIds.Server_ServerDiagnostics_ServerDiagnosticsSummary_CurrentSessionCount,
  rejected: VariableIds.Server_ServerDiagnostics_ServerDiagnosticsSummary_RejectedSessionCount,
} as const

async function* examineStatus({ session, limits, itemsPerCall }: Connection): AsyncGenerator<Finding> {
  const asked = Date.now()
  const nodes = Object.values(statusNodes).map((id) => `ns=0;i=${id}`)
  const values = await readValues(session, limits, nodes)
  const middle = (asked + Date.now()) / 2
  const [clock, state, product, version, sessions, rejected] = values.map(({ value }) => value.value as unknown)
  const name = [product, version].filter((part) => typeof part === 'string' && part !== '').join(' ')
  const limit = itemsPerCall === Infinity ? '' : `, at most ${itemsPerCall} items in a request`
  const open = typeof sessions === 'number' ? `, ${sessions} sessions open` : ''
  yield { level: 'good', text: `is ${name || 'an OPC UA server that does not say its name'}${open}${limit}` }
  if (typeof state === 'number' && state !== 0)
    yield { level: 'warning', text: `says that it is not running (state ${state})`, remedy: 'Look at the server.' }
  if (typeof rejected === 'number' && rejected > 0)
    yield {
      level: 'warning',
      text: `has refused ${rejected} sessions since it started`,
      remedy:
        'A client comes without right or too often, or there are too few sessions: raise their number on the server.',
    }
  if (clock instanceof Date) yield skewOf(clock.getTime() - middle)
}

function skewOf(ahead: number): Finding {
  const seconds = `${(Math.abs(ahead) / 1000).toFixed(1)} s`
  if (Math.abs(ahead) < muchSkew) return { level: 'good', text: `its clock agrees with this machine's to ${seconds}` }
  return {
    level: 'warning',
    text: `its clock is ${seconds} ${ahead > 0 ? 'ahead of' : 'behind'} this machine's`,
    remedy: 'Set both by the same time server (NTP); times of the server are kept as they are until then.',
  }
}

/** What a node that is not fine is like. */
interface Complaint {
  readonly what: string
  readonly remedy: string
  readonly nodes: string[]
}

async function* examineNodes(connection: Connection, settings: Settings, now: number): AsyncGenerator<Finding> {
  const complaints = new Map<string, Complaint>()
  const complain = (what: string, remedy: string, node: string) => {
    const known = complaints.get(what) ?? { what, remedy, nodes: [] }
    complaints.set(what, known)
    known.nodes.push(node)
  }
  const inventory = makeInventory(settings)
  await lookUp(connection, inventory, settings)
  yield* examineRules(inventory)
  const { items } = inventory
  for (const { refusal, address } of items)
    if (refusal !== undefined)
      complain(`cannot be read: ${refusal}`, 'Check id, path and tag; `millwright init` lists what there is.', address)
  const there = items.filter(({ nodeId }) => nodeId !== undefined)
  for (let at = 0; at < there.length; at += nodesPerRead) {
    const part = there.slice(at, at + nodesPerRead)
    await readPart(connection, part, settings, now, complain)
  }
  const troubled = new Set([...complaints.values()].flatMap(({ nodes }) => nodes)).size
  const sound = items.length - troubled
  if (sound > 0) yield { level: 'good', text: `serves ${sound} of ${items.length} nodes with good values` }
  for (const { what, remedy, nodes } of complaints.values()) {
    const shown = nodes.slice(0, mostTold).join(', ')
    const more = nodes.length > mostTold ? ` and ${nodes.length - mostTold} more` : ''
    yield { level: 'trouble', text: `${nodes.length} nodes ${what}: ${shown}${more}`, remedy }
  }
}

function* examineRules({ rules }: Inventory): Generator<Finding> {
  for (const { browse, items, trouble } of rules) {
    const text = `${browse.match} finds ${items.size} nodes`
    if (trouble === undefined) yield { level: 'good', text }
    else yield { level: 'trouble', text: `${text}: ${trouble}`, remedy: 'Check match, below and tag.' }
  }
}

async function readPart(
  { session, limits }: Connection,
  part: readonly Item[],
  { backfill }: Settings,
  now: number,
  complain: (what: string, remedy: string, node: string) => void,
): Promise<void> {
  const nodes = part.map(({ nodeId }) => nodeId!)
  const values = await readValues(session, limits, nodes)
  part.forEach((item, index) => judge(item, values[index], now, complain))
  if (!backfill) return
  const levels = await readAll(
    session,
    limits,
    nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.UserAccessLevel })),
  )
  part.forEach(({ address }, index) => {
    const level = levels[index].value.value as unknown
    if (typeof level === 'number' && (level & 4) === 0)
      complain(
        'keep no history that may be read',
        'An outage leaves a gap there: enable history on the server, or set backfill: false.',
        address,
      )
  })
}

function judge(
  { address: node, settings: { type, rate } }: Item,
  data: DataValue,
  now: number,
  complain: (what: string, remedy: string, node: string) => void,
): void {
  const { name, value: status, description } = data.statusCode
  if (/BadNodeId(Unknown|Invalid)/.test(name)) {
    complain('are unknown to the server', 'Check their ids; `millwright init` lists what there is.', node)
    return
  }
  if (/BadNotReadable|BadUserAccessDenied/.test(name)) {
    complain('may not be read', 'Give the user of `identity` the right to read them.', node)
    return
  }
  const quality = qualityOf(status)
  if (quality !== 0) {
    complain(
      `have ${quality === 1 ? 'uncertain' : 'bad'} values (${name}: ${description})`,
      'Look at the sensor or the connection behind the server.',
      node,
    )
    return
  }
  const kind = kindOf(data.value.dataType)
  if (kind === 'null' || data.value.value === null)
    complain('have no value', 'Look at the program behind the server: it has not written them yet.', node)
  else if (tagTypeOf(kind) === undefined)
    complain('hold structures or bytes', 'Name the members inside, which are nodes of their own.', node)
  else if (type !== undefined && !accepts(type, kind, type === 'text'))
    complain(`hold ${kind}, which is not the configured type`, 'Remove `type`, or correct it.', node)
  if (elementsOf(data.value) && rate === undefined)
    complain('hold lists', 'Set `rate` where a list is a waveform; otherwise each element becomes a tag.', node)
  const time = data.sourceTimestamp?.getTime()
  if (time !== undefined && !isBelieved(time, now))
    complain('have absurd times', 'Set the clock behind the server; the time of arrival is taken until then.', node)
}

const soon = 30 * oneDay

async function* examineCertificates(pki: string, now: number): AsyncGenerator<Finding> {
  for (const { subject, state, thumbprint, validFrom, validTo } of await listCertificates(pki).catch(() => [])) {
    const until = new Date(validTo).toISOString().slice(0, 10)
    if (state === 'pending')
      yield {
        level: 'warning',
        text: `the certificate of ${subject} waits for approval`,
        remedy: `Compare the thumbprint with the server's own, then: millwright trust approve ${thumbprint}`,
      }
    else if (validTo < now)
      yield {
        level: 'trouble',
        text: `the certificate of ${subject} expired on ${until}`,
        remedy: 'Renew it on the server, then approve the new one.',
      }
    else if (validFrom > now)
      yield {
        level: 'trouble',
        text: `the certificate of ${subject} is not valid yet`,
        remedy: 'Check the clock of this machine and of the server.',
      }
    else if (validTo < now + soon)
      yield {
        level: 'warning',
        text: `the certificate of ${subject} expires on ${until}`,
        remedy: 'Renew it on the server in time.',
      }
  }
}
