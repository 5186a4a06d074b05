import { AssetClass, selectRows, type Batch } from '../../agent/core/index.ts'
import { finish, openUnit, scenarioSource, shareOfScenario } from './units.ts'

/** One unit in a process of its own, with its share of the scenario: `unit-process.ts <folder> <share>`. */
const [folder, share] = process.argv.slice(2)
const unit = await openUnit(folder)
const { tags } = unit.journal
const assets = new AssetClass('pump', '{line}/pump{n}/{role}', tags)
const own = (batch: Batch) => {
  const rows = Array.from(batch.tag.keys())
  const wanted = (row: number) => shareOfScenario(assets.locate(batch.tag[row])!.asset.name) === Number(share)
  return selectRows(batch, Uint32Array.from(rows.filter(wanted)))
}
unit.ingest.add('plc', scenarioSource(tags, own))
await finish(unit)
process.exit(0)
