import {
  AttributeIds,
  ContentFilter,
  DataType,
  EventFilter,
  FilterOperator,
  LiteralOperand,
  MonitoringMode,
  NodeId,
  ObjectTypeIds,
  QualifiedName,
  Variant,
} from 'node-opcua-client'
import type { MonitoredItemCreateRequestOptions, SimpleAttributeOperandOptions } from 'node-opcua-client'
import type { Connection } from './client.ts'
import { isAnswer } from './faults.ts'
import { nodeText, resolveNode } from './nodes.ts'
import { eventPaths, type Reports } from './reports.ts'
import type { Subscriptions } from './subscriptions.ts'

/** Client handle of events that tell that nodes have changed. */
export const modelHandle = 0x3fff_ffff
/** Events that the server keeps between two publications. */
const queueSize = 1_000

const standard = (id: number) => new NodeId(NodeId.NodeIdType.NUMERIC, id)
const server = standard(2253)
const baseEvent = standard(2041)
const condition = standard(2782)
const conditionRefresh = standard(3875)
/** BaseModelChangeEventType: nodes were added, deleted or changed. */
const modelChange = standard(2132)

/** Has the server tell the events that are wanted, and changes of its nodes where it can; refusals are noted in `reports`. */
export async function listen(connection: Connection, subscriptions: Subscriptions, reports: Reports): Promise<void> {
  reports.kindOf = (type) => kindText(type, connection.namespaces)
  reports.forget()
  for (const node of reports.nodes) {
    const nodeId = resolveNode(node, connection.namespaces)
    const problem =
      typeof nodeId === 'string'
        ? nodeId
        : await subscriptions.watch(connection.session, request(nodeId, reports.handleOf(node), reportFilter()))
    if (problem === undefined) reports.refusals.delete(node)
    else reports.refusals.set(node, problem)
  }
  // Many servers have no such events: names are looked up now and then as well.
  await subscriptions.watch(connection.session, request(server, modelHandle, modelFilter()))
  if (reports.nodes.length > 0) await refresh(connection, subscriptions)
}

/** Asks for the conditions that hold now; servers without alarms refuse, and have none. */
export async function refresh({ session }: Connection, subscriptions: Subscriptions): Promise<void> {
  for (const subscriptionId of subscriptions.watching) {
    const inputArguments = [new Variant({ dataType: DataType.UInt32, value: subscriptionId })]
    await session.call({ objectId: condition, methodId: conditionRefresh, inputArguments }).catch((error: unknown) => {
      if (!isAnswer(error)) throw error
    })
  }
}

function kindText(type: unknown, namespaces: readonly string[]): string {
  if (!(type instanceof NodeId)) return String(type)
  const name = type.namespace === 0 ? (ObjectTypeIds[type.value as number] as string | undefined) : undefined
  return name ?? nodeText(type, namespaces)
}

function request(nodeId: NodeId, clientHandle: number, filter: EventFilter): MonitoredItemCreateRequestOptions {
  return {
    itemToMonitor: { nodeId, attributeId: AttributeIds.EventNotifier },
    monitoringMode: MonitoringMode.Reporting,
    requestedParameters: { clientHandle, samplingInterval: 0, queueSize, discardOldest: true, filter },
  }
}

function reportFilter(): EventFilter {
  return new EventFilter({ selectClauses: eventPaths.map((path) => (path === null ? ownNode : field(path))) })
}

/** The node of the condition whose change an event is. */
const ownNode: SimpleAttributeOperandOptions = {
  typeDefinitionId: condition,
  browsePath: [],
  attributeId: AttributeIds.NodeId,
}

function field(path: string): SimpleAttributeOperandOptions {
  const browsePath = path.split('/').map((name) => new QualifiedName({ namespaceIndex: 0, name }))
  return { typeDefinitionId: baseEvent, browsePath, attributeId: AttributeIds.Value }
}

function modelFilter(): EventFilter {
  const operand = new LiteralOperand({ value: new Variant({ dataType: DataType.NodeId, value: modelChange }) })
  const whereClause = new ContentFilter({
    elements: [{ filterOperator: FilterOperator.OfType, filterOperands: [operand] }],
  })
  return new EventFilter({ selectClauses: [field('EventType')], whereClause })
}
