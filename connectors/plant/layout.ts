import { conveyor } from './conveyor.ts'
import type { MachineKind } from './machine.ts'
import { pump } from './pump.ts'
import { waveform } from './waveform.ts'

export interface PlantAsset {
  /** `line1/pump1`. */
  readonly name: string
  readonly kind: MachineKind
  /** Over which protocol it publishes. */
  readonly by: 'opcua' | 'mqtt'
}

/** The machines of the simulated plant: the same kind of pump over both protocols. */
export const plantAssets: readonly PlantAsset[] = [
  { name: 'line1/pump1', kind: pump, by: 'opcua' },
  { name: 'line1/pump2', kind: pump, by: 'opcua' },
  { name: 'line1/pump3', kind: pump, by: 'opcua' },
  { name: 'line2/pump4', kind: pump, by: 'mqtt' },
  { name: 'line2/conveyor1', kind: conveyor, by: 'mqtt' },
]

/** A signal of the plant and where to read it: an OPC UA node or an MQTT topic. */
export interface PlantTag {
  /** `line1/pump1/vibration`. */
  readonly tag: string
  readonly asset: string
  readonly role: string
  readonly unit: string
  readonly label: string
  readonly low: number
  readonly high: number
  /** Samples a second; of a waveform: within a recording. */
  readonly rate: number
  /** `ns=1;s=line1/pump1/vibration`, where it is on OPC UA. */
  readonly node?: string
  /** `plant/line2/conveyor1/vibration`, where it is on MQTT. Payload: `{"ts": ms since epoch, "value": number}`. */
  readonly topic?: string
  /** Samples in one array value; there only for waveforms. */
  readonly length?: number
}

const waveformTag = {
  unit: 'm/s²',
  label: 'Vibration acceleration, recording',
  low: -500,
  high: 500,
  rate: waveform.rate,
  length: waveform.length,
}

/** Every signal of the simulated plant; waveforms (OPC UA only) come last of each asset. */
export const plantTags: readonly PlantTag[] = plantAssets.flatMap((asset) => {
  const place = (role: string) => {
    const tag = `${asset.name}/${role}`
    return {
      tag,
      asset: asset.name,
      role,
      ...(asset.by === 'opcua' ? { node: `ns=1;s=${tag}` } : { topic: `plant/${tag}` }),
    }
  }
  const signals = Object.entries(asset.kind.signals).map(([role, { unit, label, low, high, rate }]): PlantTag => ({
    ...place(role),
    unit,
    label,
    low,
    high,
    rate,
  }))
  return asset.by === 'opcua' ? [...signals, { ...place('waveform'), ...waveformTag }] : signals
})
