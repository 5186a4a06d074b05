import { defineConnector } from '../../agent/core/index.ts'
import { advise, examineBroker } from './examine.ts'
import { mqttSettings } from './settings.ts'
import { MqttSink } from './sink.ts'
import { MqttSource } from './source.ts'

export {
  createFormat,
  formatNames,
  type Decode,
  type FormatName,
  type FormatOptions,
  type Receiver,
} from './formats/index.ts'
export { fieldName, matchFilter, tagName } from './patterns.ts'
export { recognise, type Recognised } from './formats/recognise.ts'
export { listen, type HeardTopic, type Listened, type ListenOptions } from './listen.ts'
export type { MqttSettings } from './settings.ts'
export type { AlarmMessage, ModelMessage, PredictionMessage, StatusMessage } from './messages.ts'

/**
 * MQTT 3.1.1 and 5. A source where `topics` is given, a sink where `publish` is; with both, two connections to the same
 * broker. Brokers hold back messages that are in flight: mosquitto's `max_inflight_messages` of 20 allows 20 messages per
 * commit to disk; set it to 1000 or more where thousands of messages a second come with QoS 1 or 2.
 */
export const mqtt = defineConnector({
  type: 'mqtt',
  config: mqttSettings,
  source: (settings, context) => (settings.topics ? new MqttSource(settings, context) : undefined),
  sink: (settings, context) => (settings.publish ? new MqttSink(settings, settings.publish, context) : undefined),
  advise,
  examine: examineBroker,
})
