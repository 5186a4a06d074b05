import { schema } from '../../agent/settings/schema.ts'
import { type AlarmEvent, type JournalRecord, TagTable } from '../../agent/core/index.ts'
import { replay } from '../../agent/replay/replay.ts'
import { type ShiftPlant, shiftPlant } from './shift-plant.ts'

/** Days that are learned, and days that are judged after them. */
const learned = 14
const days = 21

/** The alarms of a week of three machines with counters, meters, states and set points, after two weeks of learning. */
export async function alarmsOfWeek(plant: Omit<ShiftPlant, 'days'>): Promise<AlarmEvent[]> {
  const config = schema.parse({
    assets: { machine: { tags: '{asset}/{role}' } },
    monitors: {
      watch: {
        assets: 'machine',
        window: '10m',
        model: { type: 'anomaly', method: 'hotelling-t2' },
        learn: { after: `${learned}d`, retrain: 'never', drift: false },
      },
    },
  })
  const tags = new TagTable()
  const alarms: AlarmEvent[] = []
  const results = (records: readonly JournalRecord[]) => {
    for (const record of records) {
      if (record.kind === 'event' && record.event.type === 'alarm' && record.event.change === 'raised') alarms.push(record.event) // prettier-ignore
    }
  }
  await replay({ config, tags, arrivals: shiftPlant({ days, ...plant }, tags), results })
  return alarms
}
