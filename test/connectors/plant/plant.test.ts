import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import {
  AttributeIds,
  ClientMonitoredItem,
  ClientSubscription,
  DataType,
  MessageSecurityMode,
  OPCUAClient,
  SecurityPolicy,
  StatusCodes,
  TimestampsToReturn,
  type ClientSession,
  type DataValue,
} from 'node-opcua-client'
import { OPCUACertificateManager } from 'node-opcua'
import { plantTags, startPlant, type Plant } from '../../../connectors/plant/index.ts'
import { until } from '../../support/until.ts'

async function withSession<T>(
  plant: Plant,
  work: (session: ClientSession) => Promise<T>,
  options: Partial<Parameters<typeof OPCUAClient.create>[0]> = {},
): Promise<T> {
  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 1 }, ...options })
  await client.connect(plant.endpoint)
  try {
    const session = await client.createSession()
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  } finally {
    await client.disconnect()
  }
}

const readNumber = async (session: ClientSession, nodeId: string) =>
  (await session.read({ nodeId, attributeId: AttributeIds.Value })).value.value as number

describe('simulated plant', function () {
  let folder: string
  let plant: Plant

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-plant-'))
    // Ten times as fast, so that faults are there within seconds.
    plant = await startPlant({ folder, speed: 10 })
  })
  after(async () => {
    await plant.close()
    await rm(folder, { recursive: true })
  })

  it('serves every node with a fresh timestamp, a unit and a range, and lets nobody write it', async () => {
    const nodes = plantTags.filter((tag) => tag.node !== undefined)
    assert.ok(nodes.length > 0)
    await withSession(plant, async (session) => {
      const read = () => session.read(nodes.map(({ node }) => ({ nodeId: node!, attributeId: AttributeIds.Value })))
      await until('first values', async () => (await read()).every(({ value }) => value.value !== null))
      for (const [i, { value, sourceTimestamp }] of (await read()).entries()) {
        if (nodes[i].length === undefined) assert.equal(typeof value.value, 'number')
        else assert.equal((value.value as Float64Array).length, nodes[i].length)
        assert.equal(sourceTimestamp!.getTime() % 100, 0)
        assert.ok(Math.abs(Date.now() - sourceTimestamp!.getTime()) < 20_000)
      }
      const written = await session.write({
        nodeId: 'ns=1;s=line1/pump1/flow',
        attributeId: AttributeIds.Value,
        value: { value: { dataType: DataType.Double, value: 1 } },
      })
      assert.equal(written, StatusCodes.BadNotWritable)
    })
  })

  it('reports the changes of a subscribed node as they happen, in order and on the grid of steps', async () => {
    await withSession(plant, async (session) => {
      const subscription = ClientSubscription.create(session, {
        requestedPublishingInterval: 100,
        requestedMaxKeepAliveCount: 10,
        requestedLifetimeCount: 100,
        publishingEnabled: true,
      })
      const item = ClientMonitoredItem.create(
        subscription,
        { nodeId: 'ns=1;s=line1/pump1/vibration', attributeId: AttributeIds.Value },
        { samplingInterval: 0, queueSize: 100, discardOldest: true },
        TimestampsToReturn.Both,
      )
      const times: number[] = []
      item.on('changed', (value: DataValue) => times.push(value.sourceTimestamp?.getTime() ?? 0))
      await until('twenty changes', () => times.length > 20)
      await subscription.terminate()
      const steps = times.slice(1).map((time, i) => time - times[i])
      assert.ok(steps.every((step) => step > 0 && step % 100 === 0))
    })
  })

  it('offers SignAndEncrypt', async () => {
    const clientCertificateManager = new OPCUACertificateManager({
      rootFolder: join(folder, 'client-pki'),
      automaticallyAcceptUnknownCertificate: true,
    })
    const value = await withSession(plant, (session) => readNumber(session, 'ns=1;s=line1/pump2/current'), {
      securityMode: MessageSecurityMode.SignAndEncrypt,
      securityPolicy: SecurityPolicy.Basic256Sha256,
      clientCertificateManager,
    })
    assert.ok(value > 5 && value < 20)
  })

  describe('over MQTT', () => {
    let client: MqttClient
    const newest = new Map<string, { ts: number; value: number }>()

    before(async () => {
      client = await connectAsync(plant.brokerUrl, { reconnectPeriod: 0 })
      client.on('message', (topic, payload) => {
        newest.set(topic, JSON.parse(payload.toString()) as { ts: number; value: number })
      })
      await client.subscribeAsync('plant/#', { qos: 1 })
    })
    after(() => client.endAsync())

    it('publishes every topic with time and value', async () => {
      const topics = plantTags.flatMap(({ topic }) => topic ?? [])
      assert.ok(topics.length > 0)
      await until('every topic', () => topics.every((topic) => newest.has(topic)))
      for (const { ts, value } of newest.values()) {
        assert.equal(typeof value, 'number')
        assert.ok(ts % 100 === 0 && Math.abs(Date.now() - ts) < 20_000)
      }
    })

    it('refuses what a client publishes', async () => {
      const intruder = await connectAsync(plant.brokerUrl, { reconnectPeriod: 0 })
      intruder.on('error', () => undefined)
      const closed = new Promise<void>((resolve) => intruder.once('close', () => resolve()))
      intruder.publish('plant/line2/pump4/flow', '{"ts":0,"value":-1}', { qos: 1 }, () => undefined)
      await closed
      await intruder.endAsync(true)
      assert.notEqual(newest.get('plant/line2/pump4/flow')?.value, -1)
    })

    it('moves the right signals once a fault is injected, and back after the repair', async () => {
      const vibration = () => newest.get('plant/line2/pump4/vibration')?.value ?? 0
      await until('a calm pump', () => vibration() > 0 && vibration() < 1.8)
      assert.equal(plant.inject('line2/pump4', 'bearing-wear'), true)
      await until('vibration', () => vibration() > 2.4)
      assert.equal(plant.faults()[0].asset, 'line2/pump4')
      assert.equal(plant.repair('line2/pump4'), true)
      await until('calm again', () => vibration() < 1.8)
      assert.deepEqual(plant.faults(), [])
    })
  })

  it('moves OPC UA nodes once a fault is injected', async () => {
    await withSession(plant, async (session) => {
      const vibration = () => readNumber(session, 'ns=1;s=line1/pump3/vibration')
      await until('a calm pump', async () => (await vibration()) < 1.8)
      plant.inject('line1/pump3', 'misalignment')
      await until('vibration', async () => (await vibration()) > 2.4)
      plant.repair('line1/pump3')
    })
  })

  it('refuses unknown assets and faults', () => {
    assert.equal(plant.inject('line1/pump9', 'cavitation'), false)
    assert.equal(plant.inject('line1/pump1', 'toString'), false)
    assert.equal(plant.inject('line2/conveyor1', 'cavitation'), false)
    assert.equal(plant.repair('line1/pump9'), false)
    assert.deepEqual(plant.faults(), [])
  })

  for (const port of ['opcuaPort', 'mqttPort'] as const)
    it(`rejects and leaves nothing open where ${port} is taken`, async () => {
      const blocker = createServer()
      await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
      const taken = (blocker.address() as AddressInfo).port
      await assert.rejects(startPlant({ folder, [port]: taken }), /EADDRINUSE|in use/)
      await new Promise((resolve) => blocker.close(resolve))
    })

  it('rejects an absurd speed', async () => {
    await assert.rejects(startPlant({ folder, speed: 0 }), RangeError)
  })
})
