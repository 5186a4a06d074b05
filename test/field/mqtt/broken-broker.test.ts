import assert from 'node:assert/strict'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { Connection } from '../../../connectors/mqtt/connection.ts'
import { SourceRun } from '../../connectors/mqtt/harness.ts'
import { freePort } from '../../support/mosquitto.ts'
import { ScriptedBroker } from '../../support/scripted-broker.ts'
import { until } from '../../support/until.ts'

/** Packets that no broker may send, and some that are cut short. */
const packets: Readonly<Record<string, readonly number[]>> = {
  'a PUBREL without an id': [0x62, 0],
  'a PUBREL with half an id': [0x62, 1, 0],
  'a PUBREL of id 0': [0x62, 2, 0, 0],
  'a PUBREC without an id': [0x50, 0],
  'a PUBACK without an id': [0x40, 0],
  'a SUBACK without a code': [0x90, 2, 0, 1],
  'a SUBACK without an id': [0x90, 0],
  'an UNSUBACK without an id': [0xb0, 0],
  'a CONNECT': [0x10, 0],
  'a SUBSCRIBE': [0x82, 5, 0, 1, 0, 1, 97],
  'a PINGREQ': [0xc0, 0],
  'type 0': [0, 0],
  'an empty PUBLISH': [0x30, 0],
  'a PUBLISH of QoS 2 without an id': [0x34, 3, 0, 1, 97],
  'a PUBLISH of QoS 3': [0x36, 5, 0, 1, 97, 0, 1],
  'a length of five bytes': [0x30, 0xff, 0xff, 0xff, 0xff, 0xff],
  'flags on a PUBACK': [0x4f, 2, 0, 1],
}

describe('field/mqtt a broker that is broken', () => {
  for (const version of ['3.1.1', 5] as const)
    for (const [what, bytes] of Object.entries(packets))
      it(`ends the connection at ${what} and tries again (MQTT ${version})`, async () => {
        const port = await freePort()
        const broker = new ScriptedBroker(port, version === 5 ? 5 : 4, bytes)
        const run = new SourceRun({ url: `mqtt://127.0.0.1:${port}`, version, topics: [{ filter: 'a' }] }).start()
        try {
          await run.until('connected again', () => broker.connections >= 2)
          const down = run.context.statuses.find(({ state }) => state === 'down')
          assert.ok(down?.remedy, JSON.stringify(run.context.statuses))
        } finally {
          run.dispose()
          broker.close()
        }
      })

  for (const version of ['3.1.1', 5] as const)
    it(`never takes the process with it where mqtt.js reads alone (MQTT ${version})`, async () => {
      for (const bytes of Object.values(packets)) {
        const port = await freePort()
        // The end of the connection follows, so that each case ends.
        const broker = new ScriptedBroker(port, version === 5 ? 5 : 4, [...bytes, ...bytes])
        const settings = mqtt.config.parse({ type: 'mqtt', url: `mqtt://127.0.0.1:${port}`, version, topics: [{ filter: 'a' }] }) // prettier-ignore
        let up = false
        let down = false
        const role = { clientId: 'x', clean: true, up: () => (up = true), down: () => (down = true) }
        const connection = new Connection(settings, role)
        connection.open()
        await until(
          () => 'it connected',
          () => up || down,
        )
        await new Promise((resolve) => setImmediate(resolve))
        broker.close()
        await until(
          () => 'it is down',
          () => down,
        )
        await connection.close()
      }
    })
})
