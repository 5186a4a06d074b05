import { z } from 'zod'
import { nodeId } from '../../connectors/opcua/settings.ts'
import { duration, partVerdicts } from '../core/index.ts'

const writable = z.union([z.boolean(), z.number(), z.string()])

/** A value that is written into a node of a PLC where a part has to leave the line. */
export const rejectConfig = z
  .strictObject({
    connector: z.string().min(1).describe('The opcua connector whose server is written to, over a session of its own.'),
    node: nodeId.describe('The node that is written.'),
    value: writable.default(true).describe('What is written for a part that is rejected.'),
    otherwise: writable
      .optional()
      .describe('What is written for any other part. Absent: nothing, and the PLC takes the signal back.'),
    part: nodeId.optional().describe('A text or number node that the id of the part is written to first.'),
    read_back: z
      .strictObject({
        node: nodeId.describe('The node that the PLC confirms in.'),
        value: writable.optional().describe('What it confirms with. Absent: what was written.'),
      })
      .optional()
      .describe('Where the signal is read back. Absent: from the node that was written.'),
    verdicts: z.array(z.enum(partVerdicts)).min(1).default(['fail']).describe('Verdicts that reject the part.'),
    within: duration
      .prefault('5s')
      .describe('How long after its verdict a part can still be rejected: tried again until then, never later.'),
  })
  .describe('Writes a signal to a PLC and reads it back. The same over MQTT: topic STATION/reject.')

export type RejectSettings = z.output<typeof rejectConfig>
